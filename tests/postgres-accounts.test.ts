import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ACCOUNTS_SEED, OWN_ACCOUNTS } from './support/accounts.ts'
import { lacks } from './support/needs.ts'
import { openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
`

const ACCOUNT = /^cs_[0-9a-z]{8}_[0-9a-f]{12}$/
const ROLES = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'cs\\_%'"

describe.skipIf(lacks('psql')).each([15, 18] as const)('PostgreSQL %i: a session with an account of its own', (version) => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({
      version,
      policy: POLICY,
      seed: `${ACCOUNTS_SEED} CREATE ROLE helpless LOGIN PASSWORD 'only-in-tests';`,
      resources: { db: OWN_ACCOUNTS, helpless: { ...OWN_ACCOUNTS, credential: { ...OWN_ACCOUNTS.credential, username: 'helpless' } } },
    })
  })

  afterAll(() => stage?.close())

  it('is logged in as it, may read, and may do nothing else', async () => {
    const session = stage.alice.psql()
    session.type('SELECT session_user, current_user;')
    const [, account = '', current] = await session.next(/^(cs_\w+)\|(\w+)$/m)
    expect(account).toMatch(ACCOUNT)
    expect(current).toBe(account)
    session.type('SELECT count(*) FROM orders;')
    await session.next(/^20$/m)
    const [role] = await stage.ask('SELECT to_json(r) FROM pg_roles r WHERE rolname = $1', [account])
    expect(role).toMatchObject({
      rolcanlogin: true,
      rolconnlimit: 1,
      rolinherit: true,
      rolsuper: false,
      rolcreatedb: false,
      rolcreaterole: false,
      rolreplication: false,
      rolbypassrls: false,
    })
    const [record] = await stage.alice.api.sessions({ live: true })
    expect(Date.parse((role as { rolvaliduntil: string }).rolvaliduntil)).toBe(Date.parse(record?.endsAt ?? ''))
    expect(await stage.ask('SELECT rolpassword FROM pg_authid WHERE rolname = $1', [account])).toEqual([
      expect.stringMatching(/^SCRAM-SHA-256\$4096:[\w+/]{22}==\$[\w+/]{43}=:[\w+/]{43}=$/),
    ])
    expect(await stage.ask('SELECT roleid::regrole::text FROM pg_auth_members WHERE member = $1::regrole', [account])).toEqual(['app_read'])
    if (version > 15) {
      const options = 'SELECT ARRAY[inherit_option, set_option, admin_option] FROM pg_auth_members WHERE member = $1::regrole'
      expect(await stage.ask(options, [account])).toEqual([[true, false, false]])
    }
    await session.quit()
    await expect.poll(() => stage.ask(ROLES)).toEqual([])
  })

  it('is refused when no account can be made, and told what to do', async () => {
    const session = stage.alice.psql('helpless')
    await session.next(
      /FATAL: {2}helpless is not fit for accounts of single sessions, so nobody is let into postgres: the credential helpless may not make roles/,
    )
    await session.next(/HINT: {2}.*`countersign resource check helpless`/)
    expect(await stage.ask(ROLES)).toEqual([])
  })

  it('takes an account for each of many', async () => {
    const sessions = Array.from({ length: 8 }, () => stage.alice.psql())
    for (const session of sessions) session.type('SELECT 6 * 7;')
    await Promise.all(sessions.map((session) => session.next(/^42$/m)))
    expect(new Set(await stage.ask(ROLES)).size).toBe(8)
    await Promise.all(sessions.map((session) => session.quit()))
    await expect.poll(() => stage.ask(ROLES), { timeout: 10_000 }).toEqual([])
  })
})

import { rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { argumentsOf, canariesIn, canariesUnder, formsOf } from './support/canaries.ts'
import { countersign, secretsIn } from './support/ledger.ts'
import { lacks } from './support/needs.ts'
import { POLICY } from './support/replicas.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const CANARY = 'canary-7f3a91'

/** What nobody but the target is told: passwords in SQL, and the values of parameters where policy says that they are secret. */
const UNTOLD = ['role', 'refused', 'mapping', 'typo', 'value', 'reviewed-value', 'quoted'].map((what) => `${CANARY}-untold-${what}`)

const SECRETS = `
@id("roles") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:admin", resource == Resource::"db");
@id("hidden") @secret("parameters") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource == Resource::"hidden");
@id("hidden-writes") @secret("parameters") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:write", resource == Resource::"hidden");
`

describe.skipIf(lacks('psql'))('secrets', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({
      policy: POLICY + SECRETS,
      seed: 'CREATE ROLE app;',
      resources: { db: {}, hidden: {}, wrong: { credential: { username: 'postgres', password: { exec: ['printf', `%s`, `${CANARY}-upstream`] } } } },
    })
    await play()
    await playUntold()
    await drained()
  })

  afterAll(() => stage?.close())

  const drained = () => vi.waitFor(async () => expect((await stage.erin.api.ledgerHeads())[0]?.seq).toBeGreaterThan(20), 10_000)

  /** Everything that may carry a canary: reads, writes, parameters, reasons, comments, errors, wrong tokens. */
  async function play() {
    const { alice, bob, gateway } = stage
    const session = alice.psql('db', [], { PGOPTIONS: `-c countersign.reason=${CANARY}-reason` })
    session.type(`SELECT 'read ${CANARY}-read';`)
    await session.next(/^read /m)
    session.type(`SELECT 1/0 AS "${CANARY}-read";`)
    await session.next(/division by zero/)
    session.type(`SELEKT '${CANARY}-unparseable';`)
    await session.next(/ERROR/)
    session.type(`UPDATE orders SET status = '${CANARY}-write' WHERE id = 1;`)
    const id = await held(session)
    await bob.api.approve({ id, comment: `${CANARY}-comment` })
    await session.next(/UPDATE 1\n/)
    await session.quit()
    const { host, port } = gateway.postgres
    const client = new pg.Client({ host, port, user: alice.user, password: alice.token, database: 'db' })
    await client.connect()
    await client.query('SELECT $1::text', [`${CANARY}-parameter`])
    await client.end()
    const wrong = new pg.Client({ host, port, user: alice.user, password: `cst_${CANARY}-token`, database: 'db' })
    await expect(wrong.connect()).rejects.toThrow(/token is not valid/)
    expect((await alice.psql('wrong').quit()).stderr).toMatch(/FATAL/)
    await fetch(`${gateway.url}/api/v1/whoami?token=${CANARY}-token`, { headers: { authorization: `Bearer cst_${CANARY}-token` } })
    await fetch(`${gateway.url}/api/v1/requests`, {
      method: 'POST',
      headers: { authorization: `Bearer ${alice.token}`, 'content-type': 'application/json' },
      body: `{"resource": "${CANARY}-body`,
    })
  }

  /** Reviewed and run, refused, mistyped; and values that are sent, reviewed, and quoted by the target in an error. */
  async function playUntold() {
    const { alice, bob, gateway } = stage
    const [role, refused, mapping, typo, value, reviewed, quoted] = UNTOLD
    const session = alice.psql('db')
    session.type(`ALTER ROLE app LOGIN PASSWORD '${role}';`)
    const id = await held(session)
    expect(await bob.api.request({ id })).toMatchObject({ ask: { text: "ALTER ROLE app LOGIN PASSWORD '(withheld)'" } })
    await bob.api.approve({ id })
    await session.next(/ALTER ROLE\n/)
    session.type(`ALTER USER app PASSWORD '${refused}';`)
    await bob.api.deny({ id: await held(session), comment: 'no' })
    await session.next(/denied by/)
    session.type(`CREATE USER MAPPING FOR app SERVER other OPTIONS (user 'x', password '${mapping}');`)
    await bob.api.deny({ id: await held(session), comment: 'no' })
    await session.next(/denied by/)
    session.type(`ALTER ROLE app PASWORD '${typo}';`)
    await session.next(/ERROR/)
    await session.quit()

    const { host, port } = gateway.postgres
    const client = new pg.Client({ host, port, user: alice.user, password: alice.token, database: 'hidden' })
    await client.connect()
    expect((await client.query('SELECT $1::text AS value', [value])).rows).toEqual([{ value }])
    const writing = client.query('UPDATE orders SET status = $1 WHERE id = 2', [reviewed])
    const [request] = await vi.waitFor(async () => {
      const waiting = await bob.api.requests({ inbox: true })
      expect(waiting).toMatchObject([{ resource: 'hidden', ask: { parameters: [{ value: null, display: '(withheld)', withheld: true }] } }])
      return waiting
    }, 10_000)
    await bob.api.approve({ id: request?.id ?? '' })
    await writing
    await expect(client.query('SELECT $1::text::int', [quoted])).rejects.toThrow(quoted)
    await client.end()
  }

  /** Which of these words stand in some file of the data directory, in any form. */
  const found = (words: readonly string[]) => canariesUnder(stage.gateway.data, words)

  const tokens = () => [stage.alice, stage.bob, stage.carol, stage.dave, stage.erin].map(({ token }) => token)

  it('are in no log', () => {
    const log = stage.gateway.log()
    expect(log).toContain('"ready":true')
    for (const secret of [...tokens(), stage.target.password, CANARY]) expect(log).not.toContain(secret)
  })

  it('are in no metric', async () => {
    const metrics = await (await fetch(`${stage.gateway.url}/metrics`)).text()
    expect(metrics).toMatch(/countersign_ledger_entries_total\{type="action.started"\} \d+/)
    expect(metrics).toMatch(/countersign_sessions 0/)
    for (const secret of [...tokens(), stage.target.password, CANARY, stage.alice.user]) expect(metrics).not.toContain(secret)
  })

  it('tokens and passwords are nowhere in the data directory', () => {
    expect(found([...tokens(), stage.target.password, `${CANARY}-token`, `${CANARY}-upstream`])).toEqual([])
  })

  it('what was only read, with its parameters, is nowhere in clear', () => {
    expect(found([`${CANARY}-read`, `${CANARY}-parameter`, `${CANARY}-unparseable`, `${CANARY}-body`])).toEqual([])
  })

  it('what somebody must review is in its request and nowhere else', () => {
    const asked = [`${CANARY}-write`, `${CANARY}-reason`, `${CANARY}-comment`]
    expect(found(asked).filter((place) => !place.startsWith('/countersign.db'))).toEqual([])
    const database = new DatabaseSync(join(stage.gateway.data, 'countersign.db'), { readOnly: true })
    const tables = database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
      .all()
      .map(({ name }) => String(name))
    const holding = tables.filter((table) => JSON.stringify(database.prepare(`SELECT * FROM "${table}"`).all()).includes(CANARY))
    database.close()
    expect(holding).toEqual(['requests'])
  })

  it('what only the target is told reached it, and is in no file, in no sealed text, in no answer of the API or the command line, and in no log', async () => {
    const { target, gateway, bob, erin } = stage
    const [role = '', , , , , reviewed] = UNTOLD
    const app = new pg.Client({ host: target.host, port: target.port, user: 'app', password: role, database: 'postgres' })
    await app.connect()
    await app.end()
    expect(await stage.ask('SELECT status FROM orders WHERE id = 2')).toEqual([reviewed])

    expect(found(UNTOLD)).toEqual([])
    const sealed = JSON.stringify(secretsIn(gateway.data))
    expect(sealed).toContain("ALTER ROLE app LOGIN PASSWORD '(withheld)'")
    expect(canariesIn(sealed, UNTOLD)).toEqual([])
    const api = JSON.stringify(await Promise.all([bob.api.requests(), erin.api.requests(), erin.api.grants(), erin.api.sessions(), erin.api.ledger()]))
    expect(canariesIn(api, UNTOLD)).toEqual([])
    const env = { COUNTERSIGN_GATEWAY: gateway.url, COUNTERSIGN_TOKEN: erin.token }
    for (const args of [['requests'], ['requests', '--json'], ['ledger', 'verify', '--data', gateway.data]]) {
      const { stdout, stderr } = await countersign(args, env)
      expect(canariesIn(stdout + stderr, [...UNTOLD, ...tokens()])).toEqual([])
    }
    expect(canariesIn(gateway.log(), UNTOLD)).toEqual([])
  })

  it('are in the arguments of no process', () => {
    expect(canariesIn(argumentsOf(stage.gateway.child.pid ?? 0), [CANARY, stage.target.password, ...tokens()])).toEqual([])
  })

  it('would be found: in clear, in hexadecimal, in base64 wherever it begins, and URL-encoded', () => {
    const planted = join(stage.gateway.data, 'planted')
    const [secret = ''] = UNTOLD
    const leaks = [...formsOf(secret), ...['', 'x', 'xx'].map((before) => Buffer.from(`${before}${secret}yy`).toString('base64'))]
    for (const leak of leaks) {
      writeFileSync(planted, `{"field":"${leak}"}`)
      expect(found([secret])).toEqual([`/planted: ${secret}`])
    }
    rmSync(planted)
    expect(found([secret])).toEqual([])
  })

  it('nobody else on the host may read the data directory', () => {
    expect(statSync(stage.gateway.data).mode & 0o077).toBe(0)
  })
})

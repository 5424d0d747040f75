import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lacks } from './support/needs.ts'
import { type Psql, psql } from './support/psql.ts'
import { openReplicas, POLICY, type Replicas } from './support/replicas.ts'
import { sessionOf } from './support/stage.ts'

const TOKEN = 'the-token-of-a-directory-0123456789abcdef'
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
const SOON_MS = 1_000
/** How psql ends when its connection is lost. */
const LOST = 2

// Timing is measured on a machine that runs other tests meanwhile, so it gets a second try.
describe.skipIf(lacks('psql'))('what a directory says to one of two gateways, whose sessions are in workers,', { retry: 1, timeout: 30_000 }, () => {
  let replicas: Replicas
  let engineering: string
  let people = 0

  beforeAll(async () => {
    replicas = await openReplicas({ policy: POLICY, workers: 2, identity: { scim: { token: { env: 'SCIM_TOKEN' } } }, env: { SCIM_TOKEN: TOKEN } })
    engineering = (await scim('POST', '/Groups', { displayName: 'engineering' })).id
  }, 60_000)
  afterAll(() => replicas?.close())

  async function scim(method: string, path: string, body?: object): Promise<{ readonly id: string }> {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/scim+json' }
    const answer = await fetch(`${replicas.a.url}/scim/v2${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) })
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`)
    const text = await answer.text()
    return text === '' ? { id: '' } : (JSON.parse(text) as { readonly id: string })
  }

  const change = (path: string, ...operations: readonly object[]) => scim('PATCH', path, { schemas: [PATCH], Operations: operations })

  /** Somebody new, who runs a long query through the other gateway. */
  async function connected() {
    const userName = `greta${++people}@example.com`
    const { id: user } = await scim('POST', '/Users', { userName })
    await change(`/Groups/${engineering}`, { op: 'add', path: 'members', value: [{ value: user }] })
    const token = await replicas.a.token(userName)
    await expect.poll(async () => (await replicas.b.api(token).whoami()).groups).toEqual(['engineering'])
    const session = psql(replicas.b, userName, token, 'db')
    const id = await sessionOf(session)
    session.type('SELECT pg_sleep(60);')
    await expect.poll(() => isBusy(id)).toBe(true)
    return { userName, user, token, session, id }
  }

  const isBusy = async (session: string) =>
    (await replicas.target(`SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND application_name LIKE '%:${session}' AND query LIKE '%pg_sleep%'`))
      .length > 0

  /** Felt in psql and on the target within a second of being said. */
  async function cutSoon(session: Psql, id: string, since: number, why: RegExp): Promise<number | null> {
    await session.next(why)
    await expect.poll(() => isBusy(id), { interval: 20 }).toBe(false)
    expect(Date.now() - since).toBeLessThan(SOON_MS)
    return (await session.quit()).code
  }

  test.each([
    ['that somebody is disabled', (user: string) => change(`/Users/${user}`, { op: 'Replace', path: 'active', value: 'False' })],
    ['that somebody is removed', (user: string) => scim('DELETE', `/Users/${user}`)],
  ])('%s ends what he has at the other within a second', async (_, say) => {
    const { user, token, session, id } = await connected()
    const said = Date.now()
    const [, code] = await Promise.all([say(user), cutSoon(session, id, said, /terminating connection/)])
    expect(code).toBe(LOST)
    await expect(replicas.b.api(token).whoami()).rejects.toMatchObject({ status: 401 })
  })

  test('that somebody left his group cuts him at the other within a second', async () => {
    const { userName, user, token, session, id } = await connected()
    const said = Date.now()
    const left = change(`/Groups/${engineering}`, { op: 'remove', path: `members[value eq "${user}"]` })
    const [, code] = await Promise.all([left, cutSoon(session, id, said, new RegExp(`${userName} is no longer in a group that may connect to db`))])
    expect(code).toBe(LOST)
    expect(await replicas.b.api(token).whoami()).toMatchObject({ user: userName, groups: [] })
  })
})

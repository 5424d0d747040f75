import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lacks } from './support/needs.ts'
import { type Psql, psql } from './support/psql.ts'
import { openStage, sessionOf, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") @grants("1h") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`
const TOKEN = 'the-token-of-a-directory-0123456789abcdef'
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
const SOON_MS = 1_000
/** How psql ends when its connection is lost. */
const LOST = 2

// Timing is measured on a machine that runs other tests meanwhile, so it gets a second try.
describe.skipIf(lacks('psql'))('a person whom a directory provisions', { retry: 1 }, () => {
  let stage: Stage
  let people = 0

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, identity: { scim: { token: { env: 'SCIM_TOKEN' } } }, env: { SCIM_TOKEN: TOKEN } })
  })
  afterAll(() => stage?.close())

  async function scim(method: string, path: string, body?: object) {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/scim+json' }
    const answer = await fetch(`${stage.gateway.url}/scim/v2${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? null : (JSON.parse(text) as { readonly id: string }) }
  }

  /** Somebody new, who is in the group, has a token and a grant, and runs a long query. */
  async function connected() {
    const userName = `greta${++people}@example.com`
    const { body: user } = await scim('POST', '/Users', { userName })
    const { body: group } = await scim('POST', '/Groups', { displayName: people === 1 ? 'engineering' : `other${people}`, members: [{ value: user?.id }] })
    const engineering = people === 1 ? group : await engineers()
    if (people > 1) await join(engineering?.id ?? '', user?.id ?? '')
    const token = await stage.gateway.token(userName)
    const api = stage.gateway.api(token)
    const { request } = await api.ask({ resource: 'db', scope: 'sql:write', for: '1h' })
    await stage.bob.api.approve({ id: request.id })
    const session = psql(stage.gateway, userName, token, 'db')
    const id = await sessionOf(session)
    session.type('SELECT pg_sleep(60);')
    await expect.poll(() => stage.isBusy(id)).toBe(true)
    return { userName, user: user?.id ?? '', group: engineering?.id ?? '', token, session, id }
  }

  async function engineers() {
    const found = await scim('GET', '/Groups?filter=displayName%20eq%20%22engineering%22')
    return (found.body as unknown as { readonly Resources: readonly { readonly id: string }[] }).Resources[0] ?? null
  }

  const join = (group: string, value: string) =>
    scim('PATCH', `/Groups/${group}`, { schemas: [PATCH], Operations: [{ op: 'add', path: 'members', value: [{ value }] }] })

  /** Felt in psql and on the target within a second of being said. */
  async function cutSoon(session: Psql, id: string, said: RegExp, since: number): Promise<number | null> {
    await session.next(said)
    await expect.poll(() => stage.isBusy(id), { interval: 20 }).toBe(false)
    expect(Date.now() - since).toBeLessThan(SOON_MS)
    return (await session.quit()).code
  }

  test.each([
    ['is disabled', 'PATCH', { schemas: [PATCH], Operations: [{ op: 'Replace', path: 'active', value: 'False' }] }],
    ['is removed', 'DELETE', undefined],
  ] as const)('and who %s there has lost his session within a second, and then his grants and tokens', async (_, method, body) => {
    const { userName, user, session, id, token } = await connected()
    const said = Date.now()
    const [answer, code] = await Promise.all([scim(method, `/Users/${user}`, body), cutSoon(session, id, /terminating connection/, said)])
    expect([Math.floor(answer.status / 100), code]).toEqual([2, LOST])
    await expect(stage.gateway.api(token).whoami()).rejects.toMatchObject({ status: 401 })
    expect((await stage.erin.api.tokens()).filter((each) => each.user === userName && each.revokedAt === null)).toEqual([])
    expect((await stage.erin.api.grants({ live: true })).filter(({ subject }) => subject.user === userName)).toEqual([])
    const again = psql(stage.gateway, userName, token, 'db')
    expect((await again.quit()).code).toBe(LOST)
  })

  test('and who is taken out of his group is cut within a second where he might not connect any more', async () => {
    const { userName, group, user, session, id, token } = await connected()
    const left = { schemas: [PATCH], Operations: [{ op: 'remove', path: `members[value eq "${user}"]` }] }
    const said = Date.now()
    const words = new RegExp(`${userName} is no longer in a group that may connect to db`)
    const [answer, code] = await Promise.all([scim('PATCH', `/Groups/${group}`, left), cutSoon(session, id, words, said)])
    expect([answer.status, code]).toEqual([200, LOST])
    expect(await stage.gateway.api(token).whoami()).toMatchObject({ user: userName, groups: expect.not.arrayContaining(['engineering']) })
  })

  test('the token of a directory opens nothing but that door, and no other token opens it', async () => {
    expect((await fetch(`${stage.gateway.url}/api/v1/whoami`, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(401)
    expect((await fetch(`${stage.gateway.url}/scim/v2/Users`, { headers: { authorization: `Bearer ${stage.erin.token}` } })).status).toBe(401)
    expect(stage.gateway.log()).not.toContain(TOKEN)
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GatewayProcess } from './support/gateway.ts'
import { lacks } from './support/needs.ts'
import { type OidcProvider, startOidcProvider, Visitor } from './support/oidc-provider.ts'
import { type Psql, psql } from './support/psql.ts'
import { openReplicas, type Replicas } from './support/replicas.ts'

const ANN = 'ann@example.com'
const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") permit (principal in Group::"dba", action == Action::"sql:write", resource);
`
const ann = (groups: readonly string[]) => ({ ann: { email: ANN, email_verified: true, groups } })

describe.skipIf(lacks('psql'))('somebody of an issuer, connected at two gateways with workers', { timeout: 60_000 }, () => {
  let provider: OidcProvider
  let replicas: Replicas

  beforeAll(async () => {
    provider = await startOidcProvider(ann(['engineering', 'dba']))
    const identity = { oidc: { name: 'corp', ...provider.client }, refresh: '1s' }
    replicas = await openReplicas({ policy: POLICY, identity, env: provider.env, workers: 2 })
  })

  afterAll(async () => {
    await replicas?.close()
    await provider?.stop()
  })

  /** Signs in at gateway a, makes a token there, and connects with it at both. */
  async function come(): Promise<{ readonly browser: Visitor; readonly sessions: readonly Psql[] }> {
    const { a, b } = replicas
    const browser = new Visitor()
    await browser.go(`${a.url}/auth/oidc/corp`, 'ann', (url) => url === `${a.url}/`)
    const init = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json', origin: a.url } }
    const { token } = (await (await browser.fetch(`${a.url}/api/v1/tokens`, init)).json()) as { token: string }
    const at = (gateway: GatewayProcess) => psql(gateway, ANN, token, 'db', [])
    return { browser, sessions: [at(a), at(a), at(b), at(b)] }
  }

  const whoami = async (browser: Visitor) => (await browser.fetch(`${replicas.a.url}/api/v1/whoami`)).json()

  /** The connections are gone by themselves; psql says why when it is typed into. */
  async function cut(sessions: readonly Psql[], why: RegExp): Promise<void> {
    await expect.poll(() => replicas.a.api().sessions({ live: true }), { timeout: 10_000 }).toEqual([])
    for (const session of sessions) {
      session.type('SELECT 1;')
      await session.next(why)
      await session.quit()
    }
  }

  it('loses a group at the next action, and the connection where nothing lets him in any more', async () => {
    const { browser, sessions } = await come()
    for (const [index, session] of sessions.entries()) {
      session.type(`UPDATE orders SET status = 'x' WHERE id = ${index + 1};`)
      await session.next(/^UPDATE 1$/m)
    }
    await provider.set(ann(['engineering']))
    await expect.poll(() => whoami(browser), { timeout: 10_000 }).toMatchObject({ groups: ['engineering'] })
    for (const session of sessions) {
      session.type(`UPDATE orders SET status = 'y' WHERE id = 1;`)
      await session.next(/ERROR: .*no policy permits/)
      session.type('SELECT count(*) FROM orders;')
      await session.next(/^\s*20$/m)
    }
    await provider.set(ann([]))
    await cut(sessions, /FATAL: .*ann@example\.com is no longer in a group that may connect to db/)
    expect(await whoami(browser)).toMatchObject({ groups: [] })
  })

  it('who is disabled at one gateway is out at all, whatever the issuer says', async () => {
    await provider.set(ann(['engineering']))
    const { browser, sessions } = await come()
    for (const session of sessions) {
      session.type('SELECT count(*) FROM orders;')
      await session.next(/^\s*20$/m)
    }
    await replicas.b.api().disablePerson({ name: ANN })
    await cut(sessions, /FATAL: .*ann@example\.com is disabled here, or unknown/)
    expect(await whoami(browser)).toMatchObject({ code: 'unauthenticated' })
    const refused = await new Visitor().go(`${replicas.a.url}/auth/oidc/corp`, 'ann')
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('ann@example.com is disabled here')])
  })
})

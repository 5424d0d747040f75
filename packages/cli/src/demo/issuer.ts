import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { ALICE, BOB, type DemoIssuer } from './files.ts'
import type { Lifetime } from './lifetime.ts'

/** A checkout has an OpenID provider for its tests; the published package does not carry one, which would be a third of it. */
const PROGRAM = new URL('../../../../tests/support/oidc/provider-process.ts', import.meta.url)

/** Starts the provider, whose page asks who one is and believes it. Null in the published package. */
export async function startIssuer(life: Lifetime): Promise<DemoIssuer | null> {
  if (!import.meta.url.endsWith('.ts')) return null
  const [clientId, clientSecret] = ['countersign-demo', randomBytes(24).toString('hex')]
  const said = (email: string, groups: readonly string[]) => ({ email, email_verified: true, groups })
  const people = { alice: said(ALICE, ['engineering']), bob: said(BOB, ['dba']) }
  const child = life.spawn(process.execPath, [PROGRAM.pathname, JSON.stringify(people), clientId, clientSecret], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const ended = once(child, 'exit').then(() => null)
  const ready = (await Promise.race([once(child, 'message'), ended])) as readonly [{ readonly issuer: string }] | null
  if (ready === null) throw new Error('the OpenID provider of the demo did not start')
  return { issuer: ready[0].issuer, clientId, clientSecret }
}

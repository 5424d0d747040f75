import { routes } from '@countersign/contract/routes'
import type { Caller } from '../../identity/caller.ts'
import { knownBy } from '../../identity/login-secret.ts'
import type { PasskeyRecord } from '../../store/store.ts'
import type { App, Ctx } from '../env.ts'
import { presentPasskey } from '../present-people.ts'
import type { ApiServices } from '../services.ts'

/** What passkeys there are, and what is proved with them. */
export function mountPasskeys(app: App, services: ApiServices): void {
  const { passkeys, proofs, logins } = services
  const present = (caller: Caller, passkey: PasskeyRecord) =>
    presentPasskey(passkey, { waits: passkeys.isAsked(passkey), reviewable: passkeys.mayReview(caller, passkey) })

  app.openapi(routes.signInOptions, (c) => c.json({ options: proofs.optionsToSignIn() }, 200))

  app.openapi(routes.signInWithPasskey, async (c) => {
    const found = await proofs.signIn(c.req.valid('json').credential)
    await signIn(services, c, found.user)
    return c.json({ user: found.user, passkey: found.id }, 200)
  })

  app.openapi(routes.stepUpOptions, async (c) => c.json({ options: await proofs.optionsToStepUp(c.get('caller')) }, 200))

  app.openapi(routes.stepUp, async (c) => {
    const caller = c.get('caller')
    const { lastUsedAt } = await proofs.stepUp(caller, c.req.valid('json').credential)
    if (caller.by.kind === 'login') await logins.verified(caller.by.id)
    return c.json({ verifiedAt: new Date(lastUsedAt ?? 0).toISOString() }, 200)
  })

  app.openapi(routes.passkeys, async (c) => {
    const { user, status, waits } = c.req.valid('query')
    const caller = c.get('caller')
    const found = waits === true ? await passkeys.asked(caller) : await passkeys.list(caller, { user: user ?? null, status: status ?? null })
    return c.json(
      found.map((passkey) => present(caller, passkey)),
      200,
    )
  })

  app.openapi(routes.addPasskeyOptions, async (c) => c.json({ options: await passkeys.optionsToAdd(c.get('caller')) }, 200))

  app.openapi(routes.addPasskey, async (c) => {
    const { name, credential } = c.req.valid('json')
    const caller = c.get('caller')
    return c.json(present(caller, await passkeys.add(caller, name, credential)), 200)
  })

  app.openapi(routes.removePasskey, async (c) => {
    const caller = c.get('caller')
    const removed = await passkeys.remove(caller, c.req.valid('param').id)
    await endSignIns(services, caller, removed.user)
    return c.json(present(caller, removed), 200)
  })

  app.openapi(routes.reviewPasskey, async (c) => {
    const caller = c.get('caller')
    return c.json(present(caller, await passkeys.review(caller, c.req.valid('param').id, c.req.valid('json').approve)), 200)
  })
}

/** In this browser, from now on. */
export async function signIn({ logins, cookie }: Pick<ApiServices, 'logins' | 'cookie'>, c: Ctx, user: string): Promise<void> {
  const { remoteAddress = '', remotePort = 0 } = c.env?.incoming?.socket ?? {}
  const from = { client: `${remoteAddress}:${remotePort}`, userAgent: c.req.header('user-agent') ?? null }
  const secret = await logins.create({ user, method: 'passkey', flow: null, keep: null, before: knownBy(cookie.read(c)) }, from)
  if (secret !== null) cookie.set(c, secret)
}

/** Whoever has the passkey may be signed in with it: all its owner's sign-ins end, but the one in which he says so. */
async function endSignIns({ logins }: Pick<ApiServices, 'logins'>, caller: Caller, user: string): Promise<void> {
  const own = caller.by.kind === 'login' ? caller.by.id : null
  for (const { id, method } of await logins.list(caller, user)) if (method === 'passkey' && id !== own) await logins.end(caller, id)
}

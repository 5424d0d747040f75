import { routes } from '@countersign/contract/routes'
import type { App } from '../env.ts'
import { presentLogin } from '../present.ts'
import { WorkflowError } from '../../workflow/workflow.ts'
import type { ApiServices } from '../services.ts'

/** Where people are signed in on the web, and the end of that. */
export function mountLogins(app: App, { logins, cookie, oidc }: ApiServices): void {
  app.openapi(routes.logins, async (c) => {
    const caller = c.get('caller')
    const current = caller.by.kind === 'login' ? caller.by.id : null
    const found = await logins.list(caller, c.req.valid('query').user)
    return c.json(
      found.map((login) => presentLogin(login, current)),
      200,
    )
  })

  app.openapi(routes.endLogin, async (c) => {
    const caller = c.get('caller')
    const current = caller.by.kind === 'login' ? caller.by.id : null
    return c.json(presentLogin(await logins.end(caller, c.req.valid('param').id), current), 200)
  })

  app.openapi(routes.signOut, async (c) => {
    const secret = cookie.read(c)
    const ended = secret === null ? null : await logins.signOut(secret)
    if (!ended) throw new WorkflowError('invalid', 'only who has signed in on the web signs out; a token is revoked')
    cookie.clear(c)
    return c.json({ next: await oidc.leave(ended.login, ended.kept) }, 200)
  })
}

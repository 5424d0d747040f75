import { routes } from '@countersign/contract/routes'
import { html } from 'hono/html'
import { type App, type Ctx, clientOf, isLoopback } from '../env.ts'
import { page } from '../pages.ts'
import { relyingPartyOf } from '../../passkeys/relying-party.ts'
import type { ApiServices } from '../services.ts'
import { WorkflowError } from '../../workflow/workflow.ts'

/** The ways in, and the way to an issuer and back. Open to everybody. */
export function mountSignIn(app: App, services: ApiServices): void {
  const { oidc, cookie, config } = services

  app.openapi(routes.signIn, (c) => c.json({ oidc: [...oidc.methods()], passkeys: relyingPartyOf(config.url) !== null }, 200))

  app.get('/auth/oidc/:name', async (c) => {
    const { host, hostname, pathname, search } = new URL(c.req.url)
    const own = new URL(config.url)
    // This machine has several names, each with cookies of its own, and the issuer sends browsers back to one.
    if (host !== own.host && isLoopback(hostname) && isLoopback(own.hostname)) return c.redirect(config.url + pathname + search)
    try {
      const departure = await oidc.begin(c.req.param('name'), c.req.query('to'), cookie.read(c))
      cookie.setFlow(c, departure.cookie)
      return c.redirect(departure.url)
    } catch (error) {
      return refused(c, error)
    }
  })

  app.get('/auth/oidc/:name/callback', async (c) => {
    const flow = cookie.readFlow(c)
    cookie.clearFlow(c)
    try {
      const { search } = new URL(c.req.url)
      const seen = { client: clientOf(c), userAgent: c.req.header('user-agent') ?? null }
      const { secret, to } = await oidc.finish(c.req.param('name'), flow, search, cookie.read(c), seen)
      cookie.set(c, secret)
      return c.redirect(to)
    } catch (error) {
      return refused(c, error)
    }
  })
}

/** A page, because a person is before it. */
function refused(c: Ctx, error: unknown): Response | Promise<Response> {
  if (!(error instanceof WorkflowError)) throw error
  return c.html(
    page(
      'Not signed in',
      html`<h1>Not signed in</h1>
        <p>${error.message}.</p>
        <p><a href="/sign-in">Sign in</a></p>`,
    ),
    error.code === 'not-found' ? 404 : error.code === 'unavailable' ? 503 : 403,
  )
}

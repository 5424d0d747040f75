import { OpenAPIHono } from '@hono/zod-openapi'
import { except } from 'hono/combine'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { authenticate } from './authenticate.ts'
import { mountDocs } from './docs.ts'
import type { App, Ctx, Env } from './env.ts'
import { jsonBody, sameSite } from './guard.ts'
import { headers } from './headers.ts'
import { mountPages, mountStyle } from './pages.ts'
import { answerError, answerInvalid, answerProblem } from './problems.ts'
import { mountAbout } from './routes/about.ts'
import { mountAccess } from './routes/access.ts'
import { mountDevice } from './routes/device.ts'
import { mountErasures } from './routes/erasures.ts'
import { mountEvents } from './routes/events.ts'
import { mountExports } from './routes/exports.ts'
import { mountLeases } from './routes/leases.ts'
import { mountLedger, mountLedgerFiles } from './routes/ledger.ts'
import { mountNotifications } from './routes/notifications.ts'
import { mountLogins } from './routes/logins.ts'
import { mountOperation } from './routes/operation.ts'
import { mountPasskeys } from './routes/passkeys.ts'
import { mountOverview } from './routes/overview.ts'
import { mountPeople } from './routes/people.ts'
import { mountPolicy } from './routes/policy.ts'
import { mountQuery } from './routes/query.ts'
import { mountRecordings } from './routes/recordings.ts'
import { mountRequests } from './routes/requests.ts'
import { mountSearch } from './routes/search.ts'
import { mountSignIn } from './routes/sign-in.ts'
import { mountTokens } from './routes/tokens.ts'
import { mountWatch } from './routes/watch.ts'
import type { ApiServices } from './services.ts'

const SCIM = '/scim/v2'

/**
 * The HTTP face of a gateway: the same app for the TCP listener and for the admin socket (`listen.ts`), which says in
 * `Bindings` which door a request came through. Open without a token: /healthz, /readyz, /api/openapi.json, /api/docs,
 * the console (its pages carry nothing that anybody asked or did), and /metrics from this machine.
 */
export function createApi(services: ApiServices): App {
  const app = new OpenAPIHono<Env>({ defaultHook: answerInvalid })
  app.onError((error, c) => answerError(c, error, services.log))
  app.notFound(async (c) => (await services.console?.page(c)) ?? answerNothing(c))

  app.use(headers(services.log))
  app.use(methodNotAllowed<Env>({ app, onMethodNotAllowed: answerMethod }))
  app.use(sameSite(services))
  app.use('/api/v1/*', authenticate(services))
  app.use(except(`${SCIM}/*`, jsonBody())) // it has a media type of its own

  mountAbout(app, services)
  mountRequests(app, services)
  mountAccess(app, services)
  mountTokens(app, services)
  mountLogins(app, services)
  mountPasskeys(app, services)
  mountPeople(app, services)
  mountSignIn(app, services)
  mountDevice(app, services)
  if (services.scim) app.route(SCIM, services.scim)
  mountPolicy(app, services)
  mountLedger(app, services)
  mountLedgerFiles(app, services)
  mountSearch(app, services)
  mountOverview(app, services)
  mountExports(app, services)
  mountLeases(app, services)
  mountErasures(app, services)
  mountRecordings(app, services)
  mountWatch(app, services)
  mountQuery(app, services)
  mountNotifications(app, services)
  mountEvents(app, services)
  mountOperation(app, services)
  mountOpenApi(app, services)
  mountDocs(app)
  mountStyle(app)
  if (services.console) services.console.mount(app)
  else mountPages(app)
  return app
}

const answerNothing = (c: Ctx): Response =>
  answerProblem(c, { code: 'not-found', message: 'there is nothing at this address', hint: 'The API is described at /api/docs.' })

function answerMethod(c: Ctx, allowed: readonly string[]): Response {
  c.header('allow', allowed.join(', '))
  return answerProblem(c, { code: 'method-not-allowed', message: `this address takes ${allowed.join(', ')}` })
}

function mountOpenApi(app: App, { gateway }: ApiServices): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' })
  app.openAPIRegistry.registerComponent('securitySchemes', 'login', { type: 'apiKey', in: 'cookie', name: '__Host-countersign' })
  const info = {
    title: 'Countersign',
    version: gateway.version,
    description: 'Just-in-time access with action approval',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  }
  const document = app.getOpenAPI31Document({ openapi: '3.1.0', info, security: [{ token: [] }, { login: [] }] })
  app.get('/api/openapi.json', (c) => c.json(document))
}

import { callerOf } from '../authenticate.ts'
import { type App, isLocalPeer } from '../env.ts'
import { answerProblem } from '../problems.ts'
import type { ApiServices } from '../services.ts'

/** For whoever runs the gateway. From elsewhere metrics need a token, and readiness says which part fails but not why. */
export function mountOperation(app: App, services: ApiServices): void {
  app.get('/healthz', (c) => c.text('ok'))

  app.get('/readyz', async (c) => {
    const { ready, checks } = await services.readiness()
    const shown = isLocalPeer(c) ? checks : Object.fromEntries(Object.entries(checks).map(([name, state]) => [name, state === 'ok' ? 'ok' : 'failing']))
    return c.json({ ready, checks: shown }, ready ? 200 : 503)
  })

  app.get('/metrics', async (c) => {
    if (!isLocalPeer(c) && (await callerOf(services, c)) === null)
      return answerProblem(c, { code: 'unauthenticated', message: 'from another machine metrics need a token' })
    return c.text(await services.metrics(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
  })
}

import { eventsRoute } from '@countersign/contract/streams'
import { callerOf } from '../authenticate.ts'
import { streamChanges } from '../changes.ts'
import type { App } from '../env.ts'
import type { ApiServices } from '../services.ts'

export function mountEvents(app: App, services: ApiServices): void {
  app.openapi(eventsRoute, (c) => {
    const { closing } = c.env
    const signal = closing ? AbortSignal.any([c.req.raw.signal, closing]) : c.req.raw.signal
    const failed = (error: unknown) => {
      services.log.warn({ requestId: c.get('requestId'), err: error }, 'an event stream ends: who reads it cannot be checked')
      return null
    }
    const stream = streamChanges(services, { caller: () => callerOf(services, c, false).catch(failed), signal })
    return c.body(stream, 200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
  })
}

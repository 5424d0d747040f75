import { watchRoute } from '@countersign/contract/streams'
import type { Watched } from '@countersign/contract/schemas/recording'
import { WorkflowError } from '../../workflow/workflow.ts'
import { callerOf } from '../authenticate.ts'
import type { App } from '../env.ts'
import type { ApiServices } from '../services.ts'

const HEARTBEAT_MS = 15_000

/** Sessions as they run, for whoever they are of and for auditors. */
export function mountWatch(app: App, services: ApiServices): void {
  const { workflow, recordings, log } = services
  app.openapi(watchRoute, async (c) => {
    const session = await workflow.session(c.get('caller'), c.req.valid('param').id)
    if (!recordings) throw new WorkflowError('not-found', 'this gateway records no sessions, so none can be watched: `recordings` in countersign.yaml')
    const closed = new AbortController()
    const signal = AbortSignal.any([c.req.raw.signal, closed.signal, ...(c.env.closing ? [c.env.closing] : [])])
    const batches = await recordings.watch(c.get('caller'), session, signal)
    // Judged anew before anything is sent: what a session does is not told to a login that has ended.
    const mayStill = async () => {
      const caller = await callerOf(services, c, false)
      return caller !== null && recordings.mayWatch(caller, session)
    }
    const events = eventsOf(batches, mayStill)
    const failed = (error: unknown) => log.warn({ requestId: c.get('requestId'), err: error }, 'the watching of a session ends early')
    const stream = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        try {
          const { done, value } = await events.next()
          if (done) controller.close()
          else controller.enqueue(new TextEncoder().encode(value))
        } catch (error) {
          failed(error)
          controller.error(error)
        }
      },
      cancel: () => closed.abort(),
    })
    return c.body(stream, 200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
  })
}

async function* eventsOf(batches: AsyncGenerator<readonly Watched[]>, mayStill: () => Promise<boolean>): AsyncGenerator<string, void, undefined> {
  yield ': connected\n\n'
  let toldAt = performance.now()
  for await (const batch of batches) {
    const isDue = performance.now() - toldAt > HEARTBEAT_MS
    if (batch.length === 0 && !isDue) continue
    if (!(await mayStill())) return
    toldAt = performance.now()
    yield batch.length === 0 ? ': still here\n\n' : batch.map((watched) => `data: ${JSON.stringify(watched)}\n\n`).join('')
  }
}

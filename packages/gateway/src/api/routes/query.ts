import type { QueryLine } from '@countersign/contract/schemas/query'
import { queryRoute } from '@countersign/contract/streams'
import type { App } from '../env.ts'
import type { ApiServices } from '../services.ts'

/** SQL of the console's query page. */
export function mountQuery(app: App, { queries, log }: ApiServices): void {
  app.openapi(queryRoute, async (c) => {
    const closed = new AbortController()
    const signal = AbortSignal.any([c.req.raw.signal, closed.signal, ...(c.env.closing ? [c.env.closing] : [])])
    const lines = await queries.run(c.get('caller'), c.req.valid('json'), signal)
    const failed = (error: unknown) => {
      if (!signal.aborted) log.warn({ requestId: c.get('requestId'), err: error }, 'a query of the console was cut off')
    }
    return c.body(
      streamOf(lines, failed, () => closed.abort()),
      200,
      {
        'content-type': 'text/x-ndjson; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      },
    )
  })
}

/** Read as fast as it is taken. What breaks on the way breaks the stream: there is no `end` then. */
function streamOf(lines: AsyncGenerator<QueryLine>, failed: (error: unknown) => void, cancel: () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      try {
        const { done, value } = await lines.next()
        if (done) controller.close()
        else controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`))
      } catch (error) {
        failed(error)
        controller.error(error)
      }
    },
    cancel,
  })
}

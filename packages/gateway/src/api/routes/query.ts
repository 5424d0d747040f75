import type { QueryLine } from '@countersign/contract/schemas/query'
import { queryRoute } from '@countersign/contract/streams'
import type { App } from '../env.ts'
import type { ApiServices } from '../services.ts'
import { streamed } from '../streamed.ts'

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
      streamed(jsonLines(lines), failed, () => closed.abort()),
      200,
      {
        'content-type': 'text/x-ndjson; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      },
    )
  })
}

async function* jsonLines(lines: AsyncGenerator<QueryLine>): AsyncGenerator<string> {
  for await (const line of lines) yield `${JSON.stringify(line)}\n`
}

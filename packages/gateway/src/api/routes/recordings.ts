import { routes } from '@countersign/contract/routes'
import { recordingRoute } from '@countersign/contract/streams'
import { WorkflowError } from '../../workflow/workflow.ts'
import type { App } from '../env.ts'
import { presentRecording } from '../present.ts'
import type { ApiServices } from '../services.ts'
import { streamed } from '../streamed.ts'

const PAGE = 50

/** What sessions did, for admins and for whoever they were of. */
export function mountRecordings(app: App, { recordings, log }: ApiServices): void {
  const library = () => {
    if (recordings) return recordings
    throw new WorkflowError('not-found', 'this gateway records no sessions: `recordings` in countersign.yaml says where they are to be kept')
  }

  app.openapi(routes.recordings, async (c) => {
    const { text, object, principal, resource, from, until, after, limit } = c.req.valid('query')
    const page = await library().search(c.get('caller'), {
      text: text ?? null,
      object: object ?? null,
      principal: principal ?? null,
      resource: resource ?? null,
      from: from === undefined ? null : Date.parse(from),
      until: until === undefined ? null : Date.parse(until),
      after: after === undefined ? null : placeIn(after),
      limit: Math.max(1, limit ?? PAGE),
    })
    const next = page.next && `${page.next.startedAt}.${page.next.session}`
    return c.json({ recordings: page.recordings.map(({ record, found }) => presentRecording(record, found)), next }, 200)
  })

  app.openapi(recordingRoute, async (c) => {
    const { session } = c.req.valid('param')
    const lines = await library().read(c.get('caller'), session)
    const failed = (error: unknown) => log.error({ requestId: c.get('requestId'), err: error }, 'a recording ends before its end')
    return c.body(
      streamed(lines, failed, () => lines.return(undefined)),
      200,
      { 'content-type': 'text/x-ndjson; charset=utf-8', 'cache-control': 'no-store' },
    )
  })
}

/** As the schema has checked it: when a session started, a dot, and its id. */
function placeIn(after: string) {
  const dot = after.indexOf('.')
  return { startedAt: Number(after.slice(0, dot)), session: after.slice(dot + 1) }
}

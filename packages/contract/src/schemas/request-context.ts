import { z } from 'zod'
import { Timestamp } from './common.ts'
import { Grant } from './grant.ts'
import { Principal } from './principal.ts'
import { RequestStatus } from './request.ts'
import { Session } from './session.ts'

/** Another request, in a line: `display` is the beginning of its action, or its scope. */
const Brief = z
  .object({
    id: z.string(),
    status: RequestStatus,
    requester: Principal,
    display: z.string(),
    createdAt: Timestamp,
    decidedAt: Timestamp.nullable(),
  })
  .meta({ id: 'RequestBrief' })
export type Brief = z.infer<typeof Brief>

const count = z.number().int().nonnegative()

/**
 * One execution under the grant of a request, as the ledger tells it. `running`: nothing is recorded of its end yet. `unknown`: it may have happened or not, and
 * nothing repeats it. What it is called in the ledger is `run`.
 */
const Run = z
  .object({
    run: z.string(),
    session: z.string(),
    gateway: z.string(),
    /** Its type. */
    action: z.string(),
    startedAt: Timestamp,
    result: z.enum(['running', 'done', 'failed', 'unknown']),
    endedAt: Timestamp.nullable(),
    /** The command tag (`DELETE 3`), the code of the failure (an SQLSTATE), or why nothing is known. */
    summary: z.string().nullable(),
    rows: z.number().nullable(),
    ms: z.number().nullable(),
    /** What the target said of a failure. */
    error: z.string().nullable(),
    /** It said something that cannot be read here: another gateway has the key, or it was erased. */
    sealed: z.boolean(),
  })
  .meta({ id: 'Run' })
export type Run = z.infer<typeof Run>

/**
 * What is known beside a request. `alike`: what became of those on the same resource that asked for the same but for values, of the last thousand; null where it is
 * like no other. `before`: what else was asked in its session. `grants`: what its approval yielded. `runs`: what ran under those, `count` up to 10,000. `opened`:
 * the sessions that they opened.
 */
export const RequestContext = z
  .object({
    alike: z.object({ approved: count, denied: count, withdrawn: count, expired: count, latest: z.array(Brief) }).nullable(),
    session: Session.nullable(),
    before: z.array(Brief),
    grants: z.array(Grant),
    runs: z.object({ count, latest: z.array(Run) }),
    opened: z.array(Session),
  })
  .meta({ id: 'RequestContext', description: 'What is known beside a request' })
export type RequestContext = z.infer<typeof RequestContext>

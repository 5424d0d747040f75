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
 * What is known beside a request. `alike`: what became of those on the same resource that asked for the same but for values, of the last thousand; null where it is
 * like no other. `before`: what else was asked in its session. `grants`: what its approval yielded.
 */
export const RequestContext = z
  .object({
    alike: z.object({ approved: count, denied: count, withdrawn: count, expired: count, latest: z.array(Brief) }).nullable(),
    session: Session.nullable(),
    before: z.array(Brief),
    grants: z.array(Grant),
  })
  .meta({ id: 'RequestContext', description: 'What is known beside a request' })
export type RequestContext = z.infer<typeof RequestContext>

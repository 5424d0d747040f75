import { z } from 'zod'

/** Every code that an error answer carries, with its HTTP status. */
export const PROBLEM_STATUS = {
  invalid: 400,
  'authorization-pending': 400,
  'slow-down': 400,
  'access-denied': 400,
  'expired-code': 400,
  unauthenticated: 401,
  denied: 403,
  forbidden: 403,
  'step-up-required': 403,
  'own-request': 403,
  'agent-cannot-review': 403,
  'not-a-reviewer': 403,
  'not-the-requester': 403,
  'not-yours': 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'not-pending': 409,
  expired: 409,
  'already-reviewed': 409,
  'not-active': 409,
  'used-up': 409,
  'length-required': 411,
  'too-large': 413,
  'unsupported-media-type': 415,
  unprocessable: 422,
  'comment-required': 422,
  'reason-required': 422,
  'ticket-required': 422,
  'signature-required': 422,
  'signature-refused': 422,
  'too-wide': 422,
  'no-shape': 422,
  'too-many': 429,
  internal: 500,
  unavailable: 503,
} as const

export type ProblemCode = keyof typeof PROBLEM_STATUS

/** The body of every error answer. `code` is for programs (see PROBLEM_STATUS), `message` and `hint` are for people. */
export const Problem = z
  .object({
    code: z.string().meta({ examples: Object.keys(PROBLEM_STATUS) }),
    message: z.string(),
    /** What to do next. */
    hint: z.string().optional(),
    /** The policies that denied. */
    policies: z.array(z.string()).optional(),
    /** Names this answer in the gateway's log. */
    requestId: z.string().optional(),
  })
  .meta({ id: 'Problem', description: 'Why something was refused' })
export type Problem = z.infer<typeof Problem>

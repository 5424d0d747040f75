import { z } from 'zod'
import { Timestamp } from './common.ts'

/** A user, or an agent acting for a user. `id` is `alice@example.com`, or `alice@example.com/claude` for her agent. */
export const Principal = z.object({ id: z.string(), user: z.string(), agent: z.string().nullable() }).meta({ id: 'Principal' })
export type Principal = z.infer<typeof Principal>

/** Who the caller is to this gateway, and what his token is good for. */
export const Whoami = Principal.extend({
  groups: z.array(z.string()),
  admin: z.boolean(),
  /** Reads everything; it gives no right to change anything. */
  auditor: z.boolean(),
  /** False for an agent, and for a token that was made without --may-review. */
  mayReview: z.boolean(),
  /** The token was minted by the local administrator: reviews made with it are marked so. */
  unproven: z.boolean(),
  /** What he has proved it with; `local` is the gateway's own socket. */
  via: z.enum(['token', 'login', 'local']),
  /** When, where he signed in on the web. */
  signedInAt: Timestamp.nullable(),
  gateway: z.string(),
}).meta({ id: 'Whoami' })
export type Whoami = z.infer<typeof Whoami>

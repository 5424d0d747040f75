import { z } from 'zod'
import { Duration, Name, Timestamp } from './common.ts'

/** What is known of a token. Its secret is not kept by anybody but its holder. */
export const TokenInfo = z
  .object({
    id: z.string(),
    user: z.string(),
    agent: z.string().nullable(),
    mayReview: z.boolean(),
    unproven: z.boolean(),
    createdBy: z.string(),
    createdAt: Timestamp,
    expiresAt: Timestamp,
    revokedAt: Timestamp.nullable(),
  })
  .meta({ id: 'TokenInfo' })
export type TokenInfo = z.infer<typeof TokenInfo>

/** The one answer that carries the secret: it cannot be had again. */
export const CreatedToken = TokenInfo.extend({ token: z.string() }).meta({ id: 'CreatedToken' })
export type CreatedToken = z.infer<typeof CreatedToken>

export const CreateTokenBody = z
  .strictObject({ user: Name, agent: Name.optional(), mayReview: z.boolean().optional(), for: Duration.optional() })
  .meta({ id: 'CreateToken', description: '`for` is how long the token lives' })

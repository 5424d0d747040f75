import { z } from 'zod'
import { Duration, Name, Scope, text, Timestamp } from './common.ts'

/** What a token may be good for: action types on resources, and `review`, `audit` and `admin`, which count only where they are named. */
export const TokenAction = z.enum([...Scope.options, 'review', 'audit', 'admin']).meta({ id: 'TokenAction' })
export type TokenAction = z.infer<typeof TokenAction>

/** Less than its holder may do. Null is all resources, or all action types. */
export const TokenScope = z.object({ resources: z.array(z.string()).nullable(), actions: z.array(TokenAction).nullable() }).meta({ id: 'TokenScope' })
export type TokenScope = z.infer<typeof TokenScope>

/** What is known of a token. Its secret is not kept by anybody but its holder. */
export const TokenInfo = z
  .object({
    id: z.string(),
    user: z.string(),
    agent: z.string().nullable(),
    name: z.string().nullable(),
    /** Null: it is good for all that its holder may do. */
    scope: TokenScope.nullable(),
    mayReview: z.boolean(),
    unproven: z.boolean(),
    createdBy: z.string(),
    createdAt: Timestamp,
    expiresAt: Timestamp,
    revokedAt: Timestamp.nullable(),
    /** To the minute; null before the first use. */
    lastUsedAt: Timestamp.nullable(),
  })
  .meta({ id: 'TokenInfo' })
export type TokenInfo = z.infer<typeof TokenInfo>

/** The one answer that carries the secret: it cannot be had again. */
export const CreatedToken = TokenInfo.extend({ token: z.string() }).meta({ id: 'CreatedToken' })
export type CreatedToken = z.infer<typeof CreatedToken>

export const CreateTokenBody = z
  .strictObject({
    user: Name.optional(),
    agent: Name.optional(),
    name: text(100).optional(),
    resources: z.array(Name).min(1).max(1_000).optional(),
    actions: z.array(TokenAction).min(1).optional(),
    mayReview: z.boolean().optional(),
    for: Duration.optional(),
  })
  .meta({ id: 'CreateToken', description: '`user` is the caller where it is left out; `resources` and `actions` are its scope; `for` is how long it lives' })

export const TokensQuery = z.strictObject({ user: Name.optional() })

export const RevokeTokensBody = z.strictObject({ user: Name.optional() }).meta({ id: 'RevokeTokens', description: '`user` is the caller where it is left out' })

import { z } from 'zod'
import { Name, Timestamp } from './common.ts'

/** Somebody who is signed in on the web, in one browser. */
export const LoginInfo = z
  .object({
    id: z.string(),
    user: z.string(),
    /** `passkey`, or `oidc:` and the issuer's name in the configuration. */
    method: z.string(),
    /** Address and port of the browser, and what it calls itself. */
    client: z.string(),
    userAgent: z.string().nullable(),
    createdAt: Timestamp,
    /** To the minute. */
    lastUsedAt: Timestamp,
    expiresAt: Timestamp,
    endedAt: Timestamp.nullable(),
    /** It is the one that asks. */
    current: z.boolean(),
  })
  .meta({ id: 'LoginInfo' })
export type LoginInfo = z.infer<typeof LoginInfo>

export const LoginsQuery = z.strictObject({ user: Name.optional() })

/** `next`: where the browser goes now, so that it is signed out at the issuer too; null where there is nothing to do. */
export const SignedOut = z.object({ next: z.string().nullable() }).meta({ id: 'SignedOut' })
export type SignedOut = z.infer<typeof SignedOut>

import { createClient } from '@countersign/contract/client'
import { ClientError } from '@countersign/contract/client-error'

/** The gateway that served this page. The browser proves who asks by a cookie that no script can read, so there is no token here. */
export const client = createClient({ url: window.location.origin })

/** True where the gateway does not know who asks: never signed in, signed out, or the login has ended. */
export const isSignedOut = (error: unknown): boolean => error instanceof ClientError && error.status === 401

import { z } from 'zod'

/** How people sign in here. `href`: where a browser goes for it, with `?to=` and the path that it is to come back to. `passkeys`: false where browsers make none for
 * this gateway's address. */
export const SignInMethods = z
  .object({ oidc: z.array(z.object({ name: z.string(), title: z.string(), href: z.string() })), passkeys: z.boolean() })
  .meta({ id: 'SignInMethods' })
export type SignInMethods = z.infer<typeof SignInMethods>

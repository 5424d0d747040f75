import { z } from 'zod'
import { text, Timestamp } from './common.ts'

/** `client` and `host` are what it says of itself, to be shown to whoever confirms it. */
export const DeviceBody = z
  .strictObject({ client: text(100), host: text(253).optional() })
  .meta({ id: 'Device', description: 'A command line that wants to be signed in' })

/** A device authorization response (RFC 8628 section 3.2), in this API's words. */
export const DeviceCode = z
  .object({
    /** For the command line alone: the token is fetched with it. */
    deviceCode: z.string(),
    /** For a person to read and to type. */
    userCode: z.string().meta({ examples: ['WDJB-MJHT'] }),
    link: z.string(),
    /** The same with the code in it. */
    linkWithCode: z.string(),
    expiresAt: Timestamp,
    /** How long to wait from one poll to the next. */
    intervalMs: z.int(),
  })
  .meta({ id: 'DeviceCode' })
export type DeviceCode = z.infer<typeof DeviceCode>

export const DeviceTokenBody = z.strictObject({ deviceCode: z.string().regex(/^[\w-]{43}$/, 'expected the device code') }).meta({ id: 'DeviceToken' })

/** As it is written down, typed and read aloud: letters in either case, with a dash or without. */
export const byUserCode = z.object({ userCode: z.string().regex(/^[A-Za-z]{4}-?[A-Za-z]{4}$/, 'expected a code such as WDJB-MJHT') })

/** Who asks to be signed in. What it says of itself is not to be believed, the address is where it asked from. */
export const DeviceAsk = z
  .object({
    userCode: z.string(),
    client: z.string(),
    host: z.string().nullable(),
    address: z.string(),
    askedAt: Timestamp,
    expiresAt: Timestamp,
    state: z.enum(['pending', 'confirmed', 'refused', 'used', 'expired']),
  })
  .meta({ id: 'DeviceAsk' })
export type DeviceAsk = z.infer<typeof DeviceAsk>

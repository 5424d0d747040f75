import { z } from 'zod'

/**
 * What a browser's WebAuthn takes and gives, in the JSON of Web Authentication Level 3, section 5.1: options go through `PublicKeyCredential.parse…OptionsFromJSON`,
 * credentials come from `toJSON`. What browsers say beside these members is left out.
 */

const MAX_BASE64URL = 64 * 1024

/** Bytes: base64url without padding. */
const Bytes = z
  .string()
  .max(MAX_BASE64URL)
  .regex(/^[A-Za-z0-9_-]*$/, 'expected base64url')

const Transports = z.array(z.string().max(32)).max(16)

const Descriptor = z.object({ type: z.literal('public-key'), id: Bytes, transports: Transports.optional() })

/** How `navigator.credentials.get` is to ask. Without `allowCredentials` whoever is there chooses among the passkeys that he has for this gateway. */
export const RequestOptions = z
  .object({
    challenge: Bytes,
    rpId: z.string(),
    timeout: z.number().int(),
    userVerification: z.literal('required'),
    allowCredentials: z.array(Descriptor),
  })
  .meta({ id: 'PasskeyRequestOptions' })
export type RequestOptions = z.infer<typeof RequestOptions>

/** How `navigator.credentials.create` is to ask: for a passkey that is found without a user name, and with the person verified. */
export const CreationOptions = z
  .object({
    challenge: Bytes,
    rp: z.object({ id: z.string(), name: z.string() }),
    user: z.object({ id: Bytes, name: z.string(), displayName: z.string() }),
    pubKeyCredParams: z.array(z.object({ type: z.literal('public-key'), alg: z.number().int() })),
    timeout: z.number().int(),
    excludeCredentials: z.array(Descriptor),
    authenticatorSelection: z.object({ residentKey: z.literal('required'), requireResidentKey: z.literal(true), userVerification: z.literal('required') }),
    attestation: z.literal('none'),
  })
  .meta({ id: 'PasskeyCreationOptions' })
export type CreationOptions = z.infer<typeof CreationOptions>

const credential = { id: Bytes, rawId: Bytes, type: z.literal('public-key') }

/** What `navigator.credentials.get` gave. */
export const Assertion = z
  .object({
    ...credential,
    response: z.object({ clientDataJSON: Bytes, authenticatorData: Bytes, signature: Bytes, userHandle: Bytes.nullish() }),
  })
  .meta({ id: 'PasskeyAssertion' })
export type Assertion = z.infer<typeof Assertion>

/** What `navigator.credentials.create` gave. */
export const Registration = z
  .object({
    ...credential,
    response: z.object({ clientDataJSON: Bytes, attestationObject: Bytes, transports: Transports.optional() }),
  })
  .meta({ id: 'PasskeyRegistration' })
export type Registration = z.infer<typeof Registration>

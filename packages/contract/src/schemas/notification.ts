import { z } from 'zod'
import { Id, text, Timestamp } from './common.ts'

const choice = z.strictObject({ email: z.boolean(), push: z.boolean() })

/** By what somebody is told of each kind of thing: a request waits for his review, his own was decided, his grant ends soon, somebody took it back, something is wrong with the ledger (admins). */
const kinds = z.strictObject({ review: choice, decided: choice, ending: choice, revoked: choice, ledger: choice })

const TimeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time of day such as 22:00')

export const NotificationChoices = z
  .strictObject({
    kinds,
    quiet: z
      .strictObject({ from: TimeOfDay, until: TimeOfDay, timeZone: text(64).meta({ description: 'IANA name', examples: ['Europe/Berlin'] }) })
      .nullable()
      .meta({ description: 'Nothing is sent between these times of day; what is still so is told afterwards' }),
  })
  .meta({ id: 'NotificationChoices', description: 'What the caller wants to be told of, and how' })
export type NotificationChoices = z.infer<typeof NotificationChoices>

/** Why a channel reaches the caller not at all: it is not configured, there is no address, no browser is subscribed. Null: it does. */
const unavailable = z.string().nullable()

export const Notifications = z
  .object({
    ...NotificationChoices.shape,
    channels: z.object({
      email: z.object({ address: z.string().nullable(), unavailable }),
      push: z.object({ browsers: z.int(), unavailable }),
    }),
    /** A request that still waits is told again after this time, so many times. */
    repeat: z.object({ everyMs: z.int(), times: z.int() }),
  })
  .meta({ id: 'Notifications', description: 'How the caller is told' })
export type Notifications = z.infer<typeof Notifications>

const base64url = (bytes: number, what: string) =>
  z.string().regex(new RegExp(`^[A-Za-z0-9_-]{${Math.ceil((bytes * 4) / 3)}}={0,2}$`), `expected ${what}: ${bytes} bytes in base64url`)

/** `JSON.stringify(subscription)` of a browser's PushSubscription (W3C Push API), and a name for the list. */
export const SubscribeBody = z
  .strictObject({
    endpoint: z.url({ protocol: /^https$/, error: 'expected the https address that the browser’s push service gave' }).max(2_000),
    keys: z.strictObject({ p256dh: base64url(65, 'a P-256 point'), auth: base64url(16, 'a secret') }),
    expirationTime: z.number().nullable().optional(),
    label: text(100).optional(),
  })
  .meta({ id: 'SubscribeBody', description: 'A browser’s PushSubscription, as it becomes JSON, with a `label` to tell it by' })
export type SubscribeBody = z.infer<typeof SubscribeBody>

/** One browser that is told. Its endpoint is not said again: who knows it may send to it. */
export const PushSubscription = z
  .object({ id: Id, service: z.string().meta({ examples: ['fcm.googleapis.com'] }), label: z.string().nullable(), createdAt: Timestamp })
  .meta({ id: 'PushSubscription' })
export type PushSubscription = z.infer<typeof PushSubscription>

/** `key` is the `applicationServerKey` to subscribe with (RFC 8292, base64url); null where this gateway sends no web push. */
export const Push = z.object({ key: z.string().nullable(), subscriptions: z.array(PushSubscription) }).meta({ id: 'Push' })
export type Push = z.infer<typeof Push>

/** What came of a message that says only that it came, by each channel that reaches the caller. */
export const Trial = z
  .object({ channel: z.enum(['email', 'push']), taken: z.boolean(), because: z.string().nullable().meta({ description: 'Why it was not taken' }) })
  .meta({ id: 'Trial', description: 'A message sent to try a channel' })
export type Trial = z.infer<typeof Trial>

/**
 * What a service worker is pushed, as JSON. It shows `title` and `body` under the tag `tag`, so that a repetition takes the place of what is
 * there, and opens `path`, which begins with one slash, on its own origin and nowhere else.
 */
export const PushMessage = z.strictObject({
  kind: z.enum(['review', 'decided', 'ending', 'revoked', 'ledger', 'trial']),
  tag: z.string(),
  title: z.string(),
  body: z.string(),
  path: z.string().regex(/^\/(?!\/)/),
})
export type PushMessage = z.infer<typeof PushMessage>

import { isTimeZone, NOTIFICATION_KINDS, type NotificationChoices } from '@countersign/core/notification'
import { z } from 'zod'
import type { DeliveryRecord, PushSubscriptionRecord } from './notification-store.ts'

/** What the `body` of rows about being told must be; see shapes.ts. */

const time = z.int()
const channels = z.strictObject({ email: z.boolean(), push: z.boolean() })

export const choicesShape: z.ZodType<NotificationChoices> = z.strictObject({
  kinds: z.strictObject({ review: channels, decided: channels, ending: channels, revoked: channels, ledger: channels }),
  quiet: z.strictObject({ from: z.string().regex(/^\d\d:\d\d$/), until: z.string().regex(/^\d\d:\d\d$/), timeZone: z.string().refine(isTimeZone) }).nullable(),
})

export const subscriptionShape: z.ZodType<PushSubscriptionRecord> = z.strictObject({
  id: z.string(),
  user: z.string(),
  endpoint: z.string(),
  p256dh: z.string(),
  auth: z.string(),
  label: z.string().nullable(),
  createdAt: time,
})

export const deliveryShape: z.ZodType<DeliveryRecord> = z.strictObject({
  id: z.string(),
  version: z.int(),
  kind: z.enum(NOTIFICATION_KINDS),
  subject: z.string(),
  user: z.string(),
  channel: z.string(),
  dueAt: time.nullable(),
  told: z.int().min(0),
  failures: z.int().min(0),
  changedAt: time,
})

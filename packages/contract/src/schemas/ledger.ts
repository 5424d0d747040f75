import { z } from 'zod'
import { Id, Name, text, Timestamp } from './common.ts'

/** `line` is the entry's canonical JSON (RFC 8785), the very bytes that were hashed. */
export const LedgerEntry = z.object({ gateway: z.string(), seq: z.number().int().nonnegative(), line: z.string() }).meta({ id: 'LedgerEntry' })
export type LedgerEntry = z.infer<typeof LedgerEntry>

/** The last entry that the store has of a gateway. */
export const LedgerHead = z.object({ gateway: z.string(), seq: z.number().int() }).meta({ id: 'LedgerHead' })
export type LedgerHead = z.infer<typeof LedgerHead>

/** Ed25519 public keys, base64 of their 32 bytes. */
export const RotatedKey = z.object({ gateway: z.string(), key: z.string(), previous: z.string() }).meta({ id: 'RotatedKey' })
export type RotatedKey = z.infer<typeof RotatedKey>

/** Whose signature counts on a checkpoint: the tree's first key, and those that an admin vouched for. `key` is the one in force. */
export const LedgerKey = z.object({ gateway: z.string(), key: z.string(), trust: z.enum(['first', 'vouched', 'none']) }).meta({ id: 'LedgerKey' })
export type LedgerKey = z.infer<typeof LedgerKey>

export const VouchBody = z.strictObject({ gateway: Name, key: z.string().max(64) }).meta({ id: 'VouchBody' })

export const wholeNumber = (max: number) => z.coerce.number<string | number>().int().min(0).max(max).meta({ type: 'integer' })

/** Without a gateway: the one that answers. The next page starts at the last `seq` + 1. */
export const LedgerQuery = z.strictObject({
  gateway: Name.optional(),
  from: wholeNumber(Number.MAX_SAFE_INTEGER).optional(),
  limit: wholeNumber(10_000).optional(),
})

/** Of the leaves from `index` on, `limit` (500) at most: those of the period from `from` to before `until`. */
export const ExportQuery = z.strictObject({
  format: z.enum(['jsonl', 'ocsf']),
  index: wholeNumber(Number.MAX_SAFE_INTEGER).optional(),
  limit: wholeNumber(1_000).optional(),
  from: Timestamp.optional(),
  until: Timestamp.optional(),
})

/** Each record is one line of JSON. The next page begins at `next`, and there is none when that is `size`. `missing` counts leaves that cannot be read. */
export const ExportPage = z
  .object({ records: z.array(z.string()), next: z.number().int(), size: z.number().int(), missing: z.number().int() })
  .meta({ id: 'ExportPage' })
export type ExportPage = z.infer<typeof ExportPage>

/**
 * Which events are looked for: `type` is `request.approved`, or `request` for all of those; `person` whom it is about or who did it, with his agents. The
 * newest come first; `before` is the `next` of the page before.
 */
export const LedgerSearchQuery = z.strictObject({
  type: z
    .string()
    .regex(/^[a-z]+(\.[a-z-]+)?$/, 'expected a type of event such as request.approved')
    .max(64)
    .optional(),
  person: text(512).optional(),
  resource: Name.optional(),
  request: Id.optional(),
  session: Id.optional(),
  from: Timestamp.optional(),
  until: Timestamp.optional(),
  before: wholeNumber(Number.MAX_SAFE_INTEGER).optional(),
  limit: wholeNumber(200).optional(),
})

/** One event of the entry that is leaf `index` of the tree; `event` counts in the entry. What it seals is not opened. */
export const FoundEvent = z
  .object({
    index: z.number().int(),
    event: z.number().int(),
    gateway: z.string(),
    seq: z.number().int(),
    at: Timestamp,
    type: z.string(),
    person: z.string().nullable(),
    resource: z.string().nullable(),
    body: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'FoundEvent' })
export type FoundEvent = z.infer<typeof FoundEvent>

/** `next` is what to pass as `before` for more, null when that was all; `reached` how far back was looked. A page may be empty and have a next one. */
export const LedgerSearchPage = z
  .object({ events: z.array(FoundEvent), next: z.number().int().nullable(), reached: Timestamp.nullable(), size: z.number().int() })
  .meta({ id: 'LedgerSearch' })
export type LedgerSearchPage = z.infer<typeof LedgerSearchPage>

export const byIndex = z.object({
  index: z
    .string()
    .regex(/^(0|[1-9]\d{0,14})$/, 'expected the index of an entry')
    .transform(Number),
})

/** The entry that is leaf `index`; `proof` (base64, RFC 9162 section 2.1.3) says that it is under `checkpoint`, both null until one covers it. */
export const ProvenEntry = LedgerEntry.extend({
  index: z.number().int(),
  at: Timestamp,
  type: z.string(),
  proof: z.array(z.string()).nullable(),
  checkpoint: z.string().nullable(),
}).meta({ id: 'ProvenEntry' })
export type ProvenEntry = z.infer<typeof ProvenEntry>

/**
 * The tree now. `witnessed`: how much of it somebody outside had seen when the checkpoint was signed; null when nobody had seen any. `trouble` is what the
 * gateway that answers found wrong.
 */
export const LedgerState = z
  .object({
    origin: z.string(),
    size: z.number().int(),
    checkpoint: z.object({ size: z.number().int(), at: Timestamp, note: z.string() }).nullable(),
    witnessed: z.object({ size: z.number().int(), at: Timestamp }).nullable(),
    trouble: z.array(z.string()),
  })
  .meta({ id: 'LedgerState' })
export type LedgerState = z.infer<typeof LedgerState>

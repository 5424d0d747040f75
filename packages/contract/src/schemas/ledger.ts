import { z } from 'zod'
import { Name, Timestamp } from './common.ts'

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

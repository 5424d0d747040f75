import { z } from 'zod'

const index = z.number().int().nonnegative()
const proof = z.array(z.string())
const json = z.record(z.string(), z.unknown())

/** A secret of one of an entry's events with its salt, which the entry commits to. */
const Opened = z.object({ event: index, salt: z.string(), secret: json })
const Entry = z.object({ index, line: z.string(), proof, opened: z.array(Opened) })
const Proven = z.object({ index, line: z.string(), proof })
const KeyEntry = Proven.extend({ checkpoint: z.string().optional() })

/** All that proves what became of one request, without the gateway: docs/receipts.md. */
export const Receipt = z
  .object({
    format: z.literal('countersign/receipt/v1'),
    request: z.string(),
    story: json,
    policy: z.object({ version: z.string(), files: z.array(z.object({ name: z.string(), text: z.string() })) }).nullable(),
    entries: z.array(Entry),
    keys: z.array(KeyEntry),
    passkeys: z.array(Proven).optional(),
    checkpoint: z.string(),
  })
  .meta({ id: 'Receipt' })
export type Receipt = z.infer<typeof Receipt>

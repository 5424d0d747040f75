import { z } from 'zod'
import { ActionType } from './common.ts'

/** A bound value as it crossed the wire: text, or hexadecimal when `format` is binary. A null `value` is SQL NULL. */
export const Parameter = z
  .object({
    value: z.string().nullable(),
    display: z.string().nullable(),
    format: z.enum(['text', 'binary']),
    type: z.number().int(),
    /** Policy says that it is secret: nobody but the target sees it. */
    withheld: z.literal(true).optional(),
  })
  .meta({ id: 'Parameter' })
export type Parameter = z.infer<typeof Parameter>

/** Session state that changes what the same text does; an approval is void when it differs. */
export const SessionState = z
  .object({
    database: z.string(),
    role: z.string(),
    searchPath: z.string(),
    standardConformingStrings: z.string(),
    clientEncoding: z.string(),
  })
  .meta({ id: 'SessionState' })
export type SessionState = z.infer<typeof SessionState>

const Count = z.number().int().nonnegative().nullable()
const Words = z.array(z.string()).nullable()

/** What a change of rows would have done when it was held. Null is not known: `because` says why `rows` is not, and `estimate` is only the planner's. */
export const Impact = z
  .object({
    rows: Count,
    estimate: Count,
    uniqueKey: z.boolean().nullable(),
    triggers: Words,
    cascades: Words,
    /** Columns that it gives values (`*` is all), and those that decide which rows it reaches. */
    sets: Words,
    where: Words,
    /** What its open transaction holds while it waits, and who waits for that. */
    locks: Words,
    waiting: Words,
    because: z.string().nullable(),
  })
  .meta({ id: 'Impact' })
export type Impact = z.infer<typeof Impact>

/** The same of one of several statements: locks are those of the transaction that all of them are in. */
export const OwnImpact = Impact.omit({ locks: true, waiting: true }).meta({ id: 'OwnImpact' })
export type OwnImpact = z.infer<typeof OwnImpact>

/**
 * One statement of an action: `text` and `display` are its own bytes, `parameters` its own values. Null is not known, and unknown is never safe; `impact` is null
 * too when nobody looked, and for what changes no rows.
 */
export const Statement = z
  .object({
    type: ActionType,
    text: z.string(),
    display: z.string(),
    parameters: z.array(Parameter),
    fingerprint: z.string().nullable(),
    tables: z.array(z.string()),
    columns: z.array(z.string()),
    rows: z.number().int().nullable(),
    unbounded: z.boolean(),
    impact: OwnImpact.nullable(),
  })
  .meta({ id: 'Statement' })
export type Statement = z.infer<typeof Statement>

/**
 * `text` is exactly what was hashed and would be forwarded; `display` is `text` on one line with what cannot be seen escaped (`visible.ts`). In a pipeline
 * that is so of each of `statements`, with its own `parameters`: `text` is all of them for reading, and the action's own `parameters` are empty.
 */
export const ActionAsk = z.object({
  kind: z.literal('action'),
  type: ActionType,
  text: z.string(),
  display: z.string(),
  parameters: z.array(Parameter),
  /** Each statement came in a message of its own, up to one Sync. */
  pipeline: z.boolean(),
  digest: z.string(),
  /** Of its only statement; null when it has several. */
  fingerprint: z.string().nullable(),
  state: SessionState.nullable(),
  statements: z.array(Statement),
  /** Of all statements together. Null when nobody looked: asked ahead, or no change of rows. */
  impact: Impact.nullable(),
  /** Of everything that it may touch, as it was defined when it was held; null when nobody looked, and then its shape cannot be approved. */
  definition: z.string().nullable(),
  /** The constants of `text` that may differ where its shape is approved, as do values of parameters. From and to are UTF-16 code units; null as `definition`. */
  differs: z.array(z.object({ from: z.number().int(), to: z.number().int() })).nullable(),
  /** Which approval of its shape covers it no more, and why. */
  voided: z.string().nullable(),
})

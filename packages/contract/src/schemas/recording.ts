import { z } from 'zod'
import { Id, Name, text, Timestamp } from './common.ts'
import { wholeNumber } from './ledger.ts'

/** A statement that was looked for in a recording, its beginning. */
const RecordingMatch = z.object({ at: Timestamp, run: z.string().nullable(), action: z.string(), text: z.string() })

export const Recording = z
  .object({
    session: z.string(),
    principal: z.string(),
    resource: z.string(),
    startedAt: Timestamp,
    endedAt: Timestamp,
    /** Statements that were forwarded, and how many of them did not succeed. */
    statements: z.number().int(),
    failed: z.number().int(),
    /** What the target answered with. */
    rows: z.number().int(),
    answered: z.number().int(),
    /** The file: SHA-256 in hexadecimal, as the ledger has it, and its length in bytes. */
    sha256: z.string(),
    bytes: z.number().int(),
    deleted: z.object({ at: Timestamp, why: z.string() }).nullable(),
    /** Where something was looked for: how many statements there are of it, and the first of them. */
    matches: z.object({ count: z.number().int(), first: z.array(RecordingMatch) }).nullable(),
    /** Why it could not be searched: its file is missing, or not what the ledger has the digest of. */
    broken: z.string().nullable(),
  })
  .meta({ id: 'Recording', description: 'The recording of a session' })
export type Recording = z.infer<typeof Recording>

/** `next` is what to pass as `after` for more; null when that was all. A page may be empty and have a next one. */
export const RecordingsPage = z.object({ recordings: z.array(Recording), next: z.string().nullable() }).meta({ id: 'Recordings' })
export type RecordingsPage = z.infer<typeof RecordingsPage>

/** `text`: a part of a statement, whatever its case. `object`: a table as statements name it. `from`, `until`: the session was there in between. */
export const RecordingsQuery = z.strictObject({
  text: text(1_000).optional(),
  object: text(256).optional(),
  principal: text(512).optional(),
  resource: Name.optional(),
  from: Timestamp.optional(),
  until: Timestamp.optional(),
  after: z
    .string()
    .regex(/^\d{1,16}\.[a-z0-9-]{1,80}$/, 'expected what the page before said as `next`')
    .optional(),
  limit: wholeNumber(200).optional(),
})

export const bySession = z.object({ session: Id })

const at = z.int()
const texts = z.array(z.string())
const count = z.number().nullable()
/** A bound value as it crossed the wire: text, or hexadecimal where `format` is binary. `withheld`: policy calls it a secret, and the value is null whatever it was. */
export const RecordedParameter = z.object({
  value: z.string().nullable(),
  format: z.enum(['text', 'binary']),
  type: z.number().int(),
  withheld: z.literal(true).optional(),
})
export type RecordedParameter = z.infer<typeof RecordedParameter>
/** What was too long to be recorded whole. */
const Long = z.object({ sha256: z.string(), bytes: z.int(), beginning: z.string() })
/** Null: it is sealed for a person, or its key was erased since. */
const Text = z.union([z.string(), Long, z.null()])
const Values = z.union([z.int(), z.literal('withheld'), z.array(RecordedParameter), Long])
const totals = { statements: z.int(), failed: z.int(), rows: z.int(), answered: z.int() }

const Begin = z.object({
  line: z.literal('begin'),
  v: z.literal(1),
  /** What was recorded: statements. */
  kind: z.literal('sql'),
  session: z.string(),
  gateway: z.string(),
  principal: z.string(),
  resource: z.string(),
  database: z.string().nullable(),
  client: z.string(),
  grant: z.string().nullable(),
  reason: z.string().nullable(),
  ticket: z.string().nullable(),
  at,
})
export type Begin = z.infer<typeof Begin>

/** A statement was forwarded. `parameters` is how many there were, or `withheld`, where their values are not to be recorded. */
const Started = z.object({
  line: z.literal('started'),
  at,
  run: z.string(),
  action: z.string(),
  text: Text,
  objects: texts,
  parameters: Values.optional(),
  policies: texts,
  requests: texts.optional(),
  /** In `mode: observe`: what policy would have said. */
  observed: z.string().optional(),
})
export type Started = z.infer<typeof Started>

/** What became of it; `sent` is what the client sent in (COPY). */
const Finished = z.object({
  line: z.literal('finished'),
  at,
  run: z.string(),
  result: z.string(),
  summary: z.string(),
  rows: count,
  bytes: count,
  ms: count,
  error: z.string().optional(),
  sent: z.object({ bytes: z.int(), sha256: z.string() }).optional(),
})
export type Finished = z.infer<typeof Finished>

/** A statement that was denied, or held; one that was held is started later, if it was approved. */
const Decided = z.object({
  line: z.literal('decided'),
  at,
  effect: z.string(),
  action: z.string(),
  text: Text.optional(),
  objects: texts,
  policies: texts,
  request: z.string().optional(),
})
export type Decided = z.infer<typeof Decided>

const End = z.object({ line: z.literal('end'), at, reason: z.string(), ...totals })
export type End = z.infer<typeof End>

/**
 * A recording is the story of one session as lines of JSON: `begin`, then what happened in order, then `end`. Times are Unix
 * milliseconds. A line that means something new is a new `v`.
 */
export const RecordingLine = z
  .discriminatedUnion('line', [Begin, Started, Finished, Decided, End])
  .meta({ id: 'RecordingLine', description: 'One line of a recording' })
export type RecordingLine = z.infer<typeof RecordingLine>

/** One line of a session that is watched while it runs, and its place in the recording, from 0. A place that is missing was before the watching began. */
export const Watched = z.object({ index: z.int(), line: RecordingLine }).meta({ id: 'Watched' })
export type Watched = z.infer<typeof Watched>

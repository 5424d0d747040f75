import { type Facts, NO_FACTS, ROWS_UNKNOWN, type SqlType, type Statement } from '@countersign/core/action'
import { Aside } from './classify/aside.ts'
import { Cache } from './classify/cache.ts'
import { parse, type Parsed, shape } from './classify/grammar.ts'
import { type Defined, judge, type Referred, type Transaction } from './classify/judge.ts'
import { load, ParserBusy } from './classify/parser.ts'
import type { Setting } from './classify/settings.ts'
import { widest } from './classify/statements.ts'
import { inSlot, type Slot, slotOf, templateOf } from './classify/template.ts'
import { together, type Uses } from './classify/uses.ts'

export type { Defined, Referred, Setting, Transaction }

/** One statement of a message, with what the adapter must know to follow the session. */
export interface ClassifiedStatement extends Statement {
  readonly type: SqlType
  /** The node of the grammar; empty for what was not parsed. */
  readonly kind: string
  /** Its own slice of the message, without the semicolon. */
  readonly text: string
  /** Of one of several: what stands between it and the statement before, comments too. */
  readonly before: string
  /** Why it is `sql:unknown`, in words for the requester and the reviewer; null for any other type. */
  readonly because: string | null
  /** PREPARE and DECLARE: `type` is that of the statement inside, and the session keeps this whole statement under the name for `inherit`. */
  readonly defines: Defined | null
  /** EXECUTE and FETCH run what they refer to: `sql:unknown` until `inherit` says what that is. DEALLOCATE and CLOSE end it. */
  readonly refers: Referred | null
  /** COPY FROM STDIN or TO STDOUT. */
  readonly copy: 'in' | 'out' | null
  readonly transaction: Transaction | null
  /** SET or RESET of one setting. `countersign.reason` and `countersign.ticket` are for the gateway and never go upstream. */
  readonly setting: Setting | null
  /** Names that mean what the target's live catalog says: until it was asked (`catalog/`), `type` holds for PostgreSQL's own objects alone. Null: none. */
  readonly uses: Uses | null
}

/** One message: a simple Query, or the text of a Parse. */
export interface Classified {
  /** The widest of its statements: session < read < write < ddl < admin < unknown. `sql:session` of none. */
  readonly type: SqlType
  readonly statements: readonly ClassifiedStatement[]
  /** The parser's message when it could not be parsed; null otherwise. */
  readonly error: string | null
  /** What is hashed, shown and asked ahead: the text without the white space and semicolons at its end, or as it is when it did not parse. */
  readonly canonical: string
}

/** `trusted` are functions (and types, and nothing else) that an operator vouches for, as `schema.name`. They also count when written unqualified. */
export interface ClassifyOptions {
  readonly trusted: readonly string[]
}

/** Longer messages are unknown: half a MiB may take the parser more than two seconds. */
const MAX_BYTES = 512 * 1024
/** So are those of more statements: each of them is judged by itself. */
const MAX_STATEMENTS = 5_000
/** What is longer is parsed in a thread of its own: each KiB may hold up everybody for 5 ms. */
const LONG = 16 * 1024
const LIMIT_MS = 20_000

/** By text; one that another list of trusted functions was meant for is judged again. */
const cache = new Cache<{ readonly trusted: readonly string[]; readonly classified: Classified }>(4096, 40 * 1024 * 1024)

/** What the first text of a template was found to be. */
interface Mould {
  readonly trusted: readonly string[]
  readonly statement: ClassifiedStatement
  readonly slot: Slot
}

/** By template; texts that are found here need not be kept one by one. */
const templates = new Cache<Mould>(4096, 8 * 1024 * 1024)

/**
 * A checkout runs classify/worker.ts; the published bundle has it as an entry of its own, `parser-worker.js` beside the
 * bundle. A bundler cannot follow this URL: the packager names that entry.
 */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './classify/worker.ts' : './parser-worker.js', import.meta.url)
const aside = new Aside<{ readonly text: string; readonly trusted: readonly string[] }, Classified>(WORKER, LIMIT_MS)

/** Loads the grammar; `classify` says `sql:unknown` to everything before it resolved. */
export async function loadGrammar(): Promise<void> {
  await load()
}

/**
 * The types and facts of every statement in `text`, by PostgreSQL's own grammar and the table in docs/sql-types.md. Never throws: what cannot be
 * parsed is one statement of `sql:unknown`, and `error` says why. The text must be what the server will read: with standard_conforming_strings off or another
 * client_encoding than UTF8 it is not, so use `unknownBecause` then. What is long should have been through `prepare`, or everybody waits.
 */
export function classify(text: string, options: ClassifyOptions): Classified {
  const { trusted } = options
  const known = remembered(text, trusted)
  if (known) return known
  const template = templateOf(text)
  const like = template === null ? undefined : templates.get(template)
  if (like && isSame(like.trusted, trusted)) return classifiedLike(text, like)
  try {
    const result = classifyAlone(text, trusted)
    const mould = template === null ? null : mouldOf(text, trusted, result)
    if (template !== null && mould) templates.set(template, mould, 1024 + 8 * text.length)
    else remember(text, trusted, result)
    return result
  } catch (error) {
    if (error instanceof ParserBusy) return unknownBecause(text, error.message)
    throw error
  }
}

/** True where `prepare` has something to do before `classify`. */
export function isLong(text: string): boolean {
  return text.length > LONG
}

/**
 * Parses a long text beside the event loop, so that `classify` knows it afterwards and no other connection waits for it.
 * Never rejects: what the thread does not manage is `sql:unknown`, and says why.
 */
export async function prepare(text: string, { trusted }: ClassifyOptions): Promise<void> {
  if (!isLong(text) || remembered(text, trusted) || unreadable(text) !== null) return
  const classified = await aside.ask({ text, trusted }).catch((error: unknown) => unknownBecause(text, `the text could not be read: ${messageOf(error)}`))
  remember(text, trusted, classified)
}

function remembered(text: string, trusted: readonly string[]): Classified | null {
  const known = cache.get(text)
  return known && isSame(known.trusted, trusted) ? known.classified : null
}

function remember(text: string, trusted: readonly string[], classified: Classified): void {
  cache.set(text, { trusted, classified }, 1024 + 8 * text.length)
}

/** One statement of type unknown, for text that may mean something else to the server than to the parser. */
export function unknownBecause(text: string, reason: string): Classified {
  const facts = { ...NO_FACTS, rows: ROWS_UNKNOWN, rowsKnown: false, unbounded: true }
  const nothing = { defines: null, refers: null, copy: null, transaction: null, setting: null, uses: null }
  const statement: ClassifiedStatement = { type: 'sql:unknown', kind: '', fingerprint: null, facts, text, before: '', because: reason, ...nothing }
  return { type: 'sql:unknown', statements: [statement], error: reason, canonical: text }
}

/** `DELETE … ;` typed in psql and `DELETE …` asked ahead are the same bytes. Text that does not parse is left as it is. */
export function canonicalText(text: string): string {
  return classify(text, { trusted: [] }).canonical
}

/**
 * EXECUTE or FETCH with what its name stands for in this session (null: nothing that was judged). Only the type and the facts are inherited, so that it has no shape: show the
 * reviewer `definition.text` too, and bind it in the approval, because the same name may stand for something else in another session.
 */
export function inherit(statement: ClassifiedStatement, definition: ClassifiedStatement | null): ClassifiedStatement {
  const { refers } = statement
  if (refers?.use !== 'run' || !definition || refers.atLeast === 'sql:unknown') return statement
  if (!isFollowed(definition, refers)) return { ...statement, because: `the ${refers.object} ${refers.name} is nothing that PREPARE could have named` }
  const type = widest([definition.type, refers.atLeast])
  const { because, facts } = definition
  return { ...statement, type, because, facts, uses: together(definition.uses, statement.uses) }
}

/** Parse names any statement, and EXECUTE would run it: also one that gives names, ends a transaction or takes data, which nobody would notice. */
const isFollowed = ({ kind, defines }: ClassifiedStatement, { object, name }: Referred) =>
  defines === null ? PREPARABLE.has(kind) : defines.object === object && defines.name === name

/** PreparableStmt of the grammar. */
const PREPARABLE: ReadonlySet<string> = new Set(['DeleteStmt', 'InsertStmt', 'MergeStmt', 'SelectStmt', 'UpdateStmt'])

/** What `classify` says of a text of which nothing is known, nor of any like it. Throws ParserBusy. */
export function classifyAlone(text: string, trusted: readonly string[]): Classified {
  const refusal = unreadable(text)
  if (refusal !== null) return unknownBecause(text, refusal)
  try {
    const parsed = parse(text)
    if (parsed.length > MAX_STATEMENTS) return unknownBecause(text, `the text holds more than ${MAX_STATEMENTS} statements`)
    const names = new Set(trusted)
    const statements = parsed.map((each) => classified(parsed.length > 1 ? each : { ...each, before: '' }, names))
    return { type: widest(statements.map(({ type }) => type)), statements, error: null, canonical: withoutEnd(text) }
  } catch (error) {
    if (error instanceof ParserBusy) throw error
    return unknownBecause(text, messageOf(error))
  }
}

/** What the parser would read differently from the server, or not in reasonable time. */
function unreadable(text: string): string | null {
  if (text.includes('\0')) return 'the text holds a NUL byte'
  if (!text.isWellFormed()) return 'the text is not valid Unicode'
  return Buffer.byteLength(text) > MAX_BYTES ? `the text is longer than ${MAX_BYTES} bytes` : null
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

const isSame = (one: readonly string[], other: readonly string[]) =>
  one === other || (one.length === other.length && one.every((name, index) => name === other[index]))

function classified({ kind, node, text, before }: Parsed, trusted: ReadonlySet<string>): ClassifiedStatement {
  const { tables, columns, unbounded, type, ...rest } = judge(kind, node, trusted)
  const facts = type === 'sql:session' ? { ...NO_FACTS, tables, columns } : { rows: ROWS_UNKNOWN, rowsKnown: false, unbounded, tables, columns }
  return withShape({ type, kind, facts, text, before, ...rest })
}

/** Only of a read is it certain that nothing about it depends on its numbers: `WHERE 1 = 1` bounds a DELETE, and SET takes values. */
function mouldOf(text: string, trusted: readonly string[], { statements }: Classified): Mould | null {
  const [statement, ...others] = statements
  if (!statement || others.length > 0 || statement.kind !== 'SelectStmt' || statement.type !== 'sql:read' || statement.facts.unbounded) return null
  const slot = slotOf(text, statement.text)
  return slot && { trusted, statement, slot }
}

/** Of a text whose template is known. The same facts, as an object, so that what was decided about them is found again. */
function classifiedLike(text: string, { statement, slot }: Mould): Classified {
  const { type, kind, facts, because, defines, refers, copy, transaction, setting, uses } = statement
  const own = withShape({ type, kind, facts, text: inSlot(text, slot), before: '', because, defines, refers, copy, transaction, setting, uses })
  return { type, statements: [own], error: null, canonical: withoutEnd(text) }
}

function withShape(statement: Omit<ClassifiedStatement, 'fingerprint'>): ClassifiedStatement {
  const { type, kind, facts, text, before, because, defines, refers, copy, transaction, setting, uses } = statement
  let fingerprint: string | null | undefined
  return {
    type,
    kind,
    facts,
    text,
    before,
    because,
    defines,
    refers,
    copy,
    transaction,
    setting,
    uses,
    /** Worked out when a review asks for it, and then kept: what policy allows by itself needs no shape. */
    get fingerprint() {
      if (fingerprint === undefined) fingerprint = shapeOf(text, type, facts)
      return fingerprint
    },
  }
}

/** Only reads and changes of rows have one. Whether a statement is bounded may depend on its constants: `LIKE '%'`. */
function shapeOf(text: string, type: SqlType, { unbounded }: Facts): string | null {
  const print = type === 'sql:read' || type === 'sql:write' ? (shape(text)?.print ?? null) : null
  return print === null ? null : `${print} ${unbounded ? 'unbounded' : 'bounded'}`
}

/** White space of PostgreSQL's scanner only (a no-break space, for one, is part of a name there), and the semicolon. */
const END = new Set(' \t\n\r\f\v;')

/** Backwards, because a pattern that is anchored at the end tries every run of spaces on the way: seconds for a hundred thousand of them. */
function withoutEnd(text: string): string {
  let end = text.length
  while (END.has(text.charAt(end - 1))) end -= 1
  return text.slice(0, end)
}

import { type Action, type ActionType, type Parameter, type Part, ROWS_UNKNOWN, SQL_TYPES, type Statement } from '@countersign/core/action'
import type { Bind } from '@countersign/wire/postgres/frontend-message'
import { strictText } from '@countersign/wire/postgres/text'
import type { Purpose } from '../adapter.ts'
import { doubt, type Finding, NOTHING } from './catalog/inside.ts'
import { classify, type Classified, type ClassifiedStatement, inherit, unknownBecause } from './classify.ts'
import { namesMayDiffer } from './classify/encoding.ts'
import { secretsOf } from './classify/passwords.ts'
import type { Uses } from './classify/uses.ts'
import { type Change, isTooLong, type Names, type Prepared } from './names.ts'

/** What a message does, as far as this session can tell. */
export interface Reading {
  readonly classified: Classified
  /** What the names in it stand for, shown and bound with it: an EXECUTE says nothing by itself. */
  readonly definitions: readonly Parameter[]
}

/**
 * Reads a text as the server will, given what the server says of its session; null when that may be out of date. Names are taken for PostgreSQL's
 * own until `meant` has asked the catalog.
 */
export function read(text: string, trusted: readonly string[], names: Names, settings: ReadonlyMap<string, string> | null): Reading {
  const doubt = misread(text, settings)
  const classified = doubt === null ? classify(text, { trusted }) : unknownBecause(text, doubt)
  if (!runsByName(classified)) return { classified, definitions: [] }
  const statements = classified.statements.map((statement) => inherit(statement, definitionOf(statement, names)))
  const definitions = classified.statements.flatMap((statement) => shown(definitionOf(statement, names)))
  return { classified: { ...classified, statements, type: widestOf(statements, classified) }, definitions }
}

/** The names of which only the catalog knows what they mean; of what is unknown anyway nobody has to. */
export function usesOf({ statements }: Classified): readonly Uses[] {
  const [only] = statements
  if (only && statements.length === 1) return only.uses === null || only.type === 'sql:unknown' ? NO_USES : [only.uses]
  return statements.flatMap(({ type, uses }) => (uses === null || type === 'sql:unknown' ? [] : [uses]))
}

/** All that it names, also where nobody has to ask what that means; null: nothing. What is not walked has its tables. */
export function namedBy({ uses, facts: { tables } }: ClassifiedStatement): Uses | null {
  if (uses !== null || tables.length === 0) return uses
  return { functions: [], operators: [], types: [], relations: tables.map((table) => table.split('.')), attributes: [], sources: [] }
}

const NO_USES: readonly Uses[] = []

/**
 * What it is, given what `judge` finds behind its names, as they are before it runs. The same object where that changes nothing. `changed`: the open transaction may have
 * given them this meaning, which goes with it.
 */
export function meant(classified: Classified, judge: (uses: Uses, anyType: boolean) => Finding, changed = false): Classified {
  let settled = true
  let same = true
  let made: ClassifiedStatement[] | null = null
  const find = (uses: Uses) => (settled ? judge(uses, made !== null && meetsAnyType(uses, made)) : UNSETTLED)
  const statements = classified.statements.map((statement) => {
    const finding = statement.uses === null || statement.type === 'sql:unknown' ? NOTHING : find(statement.uses)
    settled &&= !unsettles(statement) && !(changed && takesBack(statement))
    if (statement.kind === 'CreateStmt' || statement.kind === 'AlterTableStmt') (made ??= []).push(statement)
    const found = widened(statement, finding)
    same &&= found === statement
    return found
  })
  return same ? classified : { ...classified, statements, type: widestOf(statements, classified) }
}

/** A column of a table that was `made` before, or changed, may have a type that nothing has yet; one that is changed also in tables that inherit it. */
function meetsAnyType({ relations }: Uses, made: readonly ClassifiedStatement[]): boolean {
  return made.some(({ kind, facts }) => {
    if (kind === 'AlterTableStmt') return true
    return facts.tables.some((table) => relations.some((path) => path.at(-1) === table.split('.').at(-1)))
  })
}

const UNSETTLED = doubt('a statement before it in the same message may change what its names mean; send it by itself')

/**
 * Of a table, an index or a sequence that is made or changed the next statement may speak; anything else may change what is behind its names, and so may a table with whose rows come
 * others that are elsewhere.
 */
function unsettles({ type, defines, kind, text }: ClassifiedStatement): boolean {
  if (defines !== null) return false
  return type === 'sql:admin' || type === 'sql:unknown' || (type === 'sql:ddl' && (!SETTLED.has(kind) || /\b(attach|inherit)\b/i.test(text)))
}

const SETTLED = new Set(['CreateStmt', 'IndexStmt', 'AlterTableStmt', 'CreateSeqStmt', 'AlterSeqStmt', 'CommentStmt', 'VacuumStmt', 'ReindexStmt'])

function widened(statement: ClassifiedStatement, finding: Finding): ClassifiedStatement {
  if (finding.doubt !== null)
    return { ...statement, type: 'sql:unknown', because: finding.doubt, facts: { ...statement.facts, ...UNKNOWN_ROWS, unbounded: true }, fingerprint: null }
  return finding.writes && statement.type === 'sql:read' ? { ...statement, type: 'sql:write' } : statement
}

const UNKNOWN_ROWS = { rows: ROWS_UNKNOWN, rowsKnown: false }

/** Why the parser might read another text than the server does; null when it does not. */
function misread(text: string, settings: ReadonlyMap<string, string> | null): string | null {
  if (settings === null) return 'what ran before it may have changed how literals are read, and the server says so only after Sync'
  if (settings.get('standard_conforming_strings') !== 'on') return 'standard_conforming_strings is not on, so literals cannot be told from statements'
  if (settings.get('client_encoding') !== 'UTF8') return 'client_encoding is not UTF8'
  const encoding = settings.get('server_encoding')
  if (encoding !== 'UTF8' && namesMayDiffer(text)) return `the database is in ${encoding ?? 'an unknown encoding'}, where a name in it may be another`
  return null
}

function definitionOf({ refers }: ClassifiedStatement, names: Names): ClassifiedStatement | null {
  if (refers?.use !== 'run' || isTooLong(refers.name)) return null
  if (refers.object === 'cursor') return names.cursor(refers.name)
  const inside = names.statement(refers.name)?.classified.statements
  return inside?.length === 1 ? (inside[0] ?? null) : null
}

const shown = (definition: ClassifiedStatement | null): Parameter[] => (definition ? [{ value: definition.text, format: 'text', type: 0 }] : [])

/** `inherit` may have made a type narrower or left it unknown, so the widest is found again. */
const widestOf = (statements: readonly ClassifiedStatement[], { type }: Classified) => widestType(statements.map((statement) => statement.type)) ?? type

/** SQL_TYPES are in this order. */
const widestType = (types: readonly ActionType[]) => SQL_TYPES.findLast((candidate) => types.includes(candidate))

/** The action that policy judges, for what is not held: its statements are those that were read. */
export function unheldOf({ classified, definitions }: Reading, parameters: readonly Parameter[]): Omit<Action, 'state'> {
  const shown = definitions.length === 0 ? parameters : [...parameters, ...definitions]
  const secrets = secretsOf(classified)
  const { type, canonical: text, statements } = classified
  return secrets.length === 0 ? { type, text, parameters: shown, statements } : { type, text, parameters: shown, statements, secrets }
}

/** The same as a reviewer is shown it and a store keeps it: without what only this connection needs to know of its statements. */
export function actionOf(reading: Reading, parameters: readonly Parameter[]): Omit<Action, 'state'> {
  const action = unheldOf(reading, parameters)
  if (action.statements.length < 2) return { ...action, statements: action.statements.map((statement) => statementOf(statement, parameters)) }
  const parts = partsOf(action.text, reading.classified.statements)
  return { ...action, statements: action.statements.map((statement, index) => statementOf(statement, [], { text: parts[index] ?? '', parameters: [] })) }
}

/** One statement of a pipeline: what it was found to do, and its values. */
export interface Bound {
  readonly reading: Reading
  readonly parameters: readonly Parameter[]
}

/** What several Binds of one statement each do, in this order, as one action. */
export function pipelineOf(bound: readonly Bound[]): Omit<Action, 'state'> {
  const statements = bound.flatMap(({ reading: { classified }, parameters }) =>
    classified.statements.map((statement) => statementOf(statement, parameters, { text: classified.canonical, parameters })),
  )
  const type = widestType(statements.map((statement) => statement.type)) ?? 'sql:session'
  const secrets = bound.flatMap(({ reading }) => secretsOf(reading.classified))
  const text = statements.map(({ part }) => part?.text).join(';\n')
  return { type, text, parameters: [], statements, pipeline: true, ...(secrets.length > 0 ? { secrets } : {}) }
}

const statementOf = (statement: Statement, parameters: readonly Parameter[], part?: Part): Statement => ({
  type: statement.type,
  facts: statement.facts,
  get fingerprint() {
    return withTypes(statement.fingerprint, parameters) // only when a review asks for it
  },
  ...(part ? { part } : {}),
})

/** int8, int2 and int4: a driver may choose by the value (psycopg 3 does). */
const INTEGERS: ReadonlySet<number> = new Set([20, 21, 23])

/** The types that a client gives its parameters say what `$1` means, so a shape holds for these alone. */
function withTypes(fingerprint: string | null, parameters: readonly Parameter[]): string | null {
  if (fingerprint === null || parameters.length === 0) return fingerprint
  return `${fingerprint} ${parameters.map(({ type }) => (INTEGERS.has(type) ? 'integer' : type)).join(',')}`
}

/** The bytes of each statement, with the comments before it, and behind the last: nothing but white space and semicolons is left out. */
function partsOf(text: string, statements: readonly ClassifiedStatement[]): readonly string[] {
  const behind = text.slice(statements.reduce((length, statement) => length + statement.before.length + statement.text.length, 0))
  return statements.map((statement, index) => {
    const part = statement.before + statement.text + (index === statements.length - 1 ? behind : '')
    return part.replace(/^[ \t\n\r\f\v;]+/, '')
  })
}

/**
 * What is behind it is judged only when it is over: it may change how the next text is read, or what a name means; or it
 * takes data. A change of rows is none of these, so that a batch of them is one round trip.
 */
export function settles(classified: Classified): boolean {
  return resets(classified) || classified.statements.some(({ defines, copy }) => defines !== null || copy === 'in')
}

/** It may do anything to the session's settings; a change of rows only where somebody's trigger does. */
export function resets({ type }: Classified): boolean {
  return type === 'sql:ddl' || type === 'sql:admin' || type === 'sql:unknown'
}

/** It ends a transaction or a part of one, and what holds for no longer than that: SET LOCAL, and of what is rolled back everything, a search_path too. */
export function takesBack({ transaction }: ClassifiedStatement): boolean {
  return transaction === 'commit' || transaction === 'rollback' || transaction === 'rollback-to'
}

/**
 * What has to pass policy before the server parses it. EXECUTE and FETCH wait until they run, for only then is it known what their names stand for;
 * and of a syntax error the server says more than the gateway could: it stops at the grammar, before it looks at any table.
 */
export function isJudgedAtParse(classified: Classified): boolean {
  return !runsByName(classified) && !classified.error?.startsWith('syntax error at ')
}

/** EXECUTE and FETCH: what their names stand for is only known when they run. */
export function runsByName({ statements }: Classified): boolean {
  return statements.some(({ refers }) => refers?.use === 'run')
}

/** Of other statements the names are looked up when they are bound; of EXECUTE, FETCH and COPY when they run, which may be long after that. */
export function looksUpLate(classified: Classified): boolean {
  return runsByName(classified) || classified.statements.some(({ copy }) => copy !== null)
}

/** SET or RESET of what is for the gateway alone. */
export function setsOurs({ statements }: Classified): boolean {
  return statements.some(({ setting }) => setting?.name.startsWith('countersign.'))
}

/** What it says of the session's purpose: RESET says null. */
export function purposeOf({ statements }: Classified): Partial<Purpose> {
  return statements.reduce<Partial<Purpose>>((purpose, { setting }) => {
    if (setting?.name === 'countersign.reason') return { ...purpose, reason: setting.value }
    return setting?.name === 'countersign.ticket' ? { ...purpose, ticket: setting.value } : purpose
  }, {})
}

const NO_CHANGES: readonly Change[] = []

/** The names that this message gives or takes when it succeeds. */
export function changesOf(classified: Classified): readonly Change[] {
  if (classified.statements.every(({ defines, refers }) => defines === null && refers === null)) return NO_CHANGES
  return classified.statements.flatMap((statement): readonly Change[] => {
    const { defines, refers } = statement
    if (refers?.use === 'end')
      return [refers.name === null ? { space: `${refers.object}s`, name: '', value: null } : { space: refers.object, name: refers.name, value: null }]
    if (defines === null) return []
    if (defines.object === 'cursor') return [{ space: 'cursor', name: defines.name, value: statement }]
    return [
      {
        space: 'statement',
        name: defines.name,
        value: { classified: { ...classified, type: statement.type, statements: [statement], canonical: statement.text }, types: [] },
      },
    ]
  })
}

/** The values of a Bind or of a function call: text where they are text, hexadecimal where they are binary. */
export function parametersOf({ formats, values }: Pick<Bind, 'formats' | 'values'>, { types }: Pick<Prepared, 'types'>): readonly Parameter[] {
  return values.map((value, index) => {
    const type = types[index] ?? 0
    const format = formats.length === 1 ? formats[0] : formats[index]
    const text = value === null || format === 1 ? null : strictText(value)
    if (value === null) return { value: null, format: format === 1 ? 'binary' : 'text', type }
    return text === null ? { value: Buffer.from(value).toString('hex'), format: 'binary', type } : { value: text, format: 'text', type }
  })
}

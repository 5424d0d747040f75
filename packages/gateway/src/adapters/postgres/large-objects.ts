import { NO_FACTS, ROWS_UNKNOWN, type SqlType } from '@countersign/core/action'
import type { FunctionCall } from '@countersign/wire/postgres/frontend-message'
import { strictText } from '@countersign/wire/postgres/text'
import type { Classified, ClassifiedStatement } from './classify.ts'

/** A function that the FunctionCall message may name, with the types of its arguments. */
interface LargeObjectFunction {
  readonly name: string
  readonly type: SqlType
  readonly types: readonly number[]
}

const BYTEA = 17
const INT8 = 20
const INT4 = 23
const OID = 26

const LO_OPEN = 952
/** Of lo_open's second argument (libpq-fs.h). */
const INV_WRITE = 0x20000

/**
 * By OID, as src/include/catalog/pg_proc.dat of PostgreSQL 15 to 18 has them; a built-in function keeps its OID for ever. The two that read and write files of the
 * server are not among them, and no other function has a client that calls it so.
 */
const FUNCTIONS: ReadonlyMap<number, LargeObjectFunction> = new Map([
  [LO_OPEN, { name: 'lo_open', type: 'sql:write', types: [OID, INT4] }],
  [953, { name: 'lo_close', type: 'sql:read', types: [INT4] }],
  [954, { name: 'loread', type: 'sql:read', types: [INT4, INT4] }],
  [955, { name: 'lowrite', type: 'sql:write', types: [INT4, BYTEA] }],
  [956, { name: 'lo_lseek', type: 'sql:read', types: [INT4, INT4, INT4] }],
  [3170, { name: 'lo_lseek64', type: 'sql:read', types: [INT4, INT8, INT4] }],
  [957, { name: 'lo_creat', type: 'sql:write', types: [INT4] }],
  [715, { name: 'lo_create', type: 'sql:write', types: [OID] }],
  [958, { name: 'lo_tell', type: 'sql:read', types: [INT4] }],
  [3171, { name: 'lo_tell64', type: 'sql:read', types: [INT4] }],
  [1004, { name: 'lo_truncate', type: 'sql:write', types: [INT4, INT4] }],
  [3172, { name: 'lo_truncate64', type: 'sql:write', types: [INT4, INT8] }],
  [964, { name: 'lo_unlink', type: 'sql:write', types: [OID] }],
  [3457, { name: 'lo_from_bytea', type: 'sql:write', types: [OID, BYTEA] }],
  [3458, { name: 'lo_get', type: 'sql:read', types: [OID] }],
  [3459, { name: 'lo_get', type: 'sql:read', types: [OID, INT8, INT4] }],
  [3460, { name: 'lo_put', type: 'sql:write', types: [OID, INT8, BYTEA] }],
] as const)

/** What a call does, and the types of its arguments. */
export interface Call {
  readonly classified: Classified
  readonly types: readonly number[]
}

/** A FunctionCall as the statement that would do the same. Null: no large object function is called, or with too few or too many arguments. */
export function readCall(message: FunctionCall): Call | null {
  const called = FUNCTIONS.get(message.functionOid)
  if (called?.types.length !== message.values.length) return null
  const { name, types } = called
  const type = message.functionOid === LO_OPEN && opensForReading(message) ? 'sql:read' : called.type
  const text = `SELECT pg_catalog.${name}(${types.map((_, index) => `$${index + 1}`).join(', ')})`
  return { classified: { type, statements: [statementOf(name, text, type)], error: null, canonical: text }, types }
}

/** What is written through a descriptor says which one and not which object, so opening one for that is the write that names it. A mode that cannot be read counts as one. */
function opensForReading({ formats, values }: FunctionCall): boolean {
  const [, mode] = values
  if (!mode) return false
  const text = (formats.length === 1 ? formats[0] : formats[1]) === 1 ? null : strictText(mode)
  if (text !== null) return /^\d{1,9}$/.test(text) && (Number(text) & INV_WRITE) === 0
  return mode.length === 4 && (Buffer.from(mode).readInt32BE() & INV_WRITE) === 0
}

/** It concerns one large object, which is some rows of one table. The name is looked up all the same: a superuser may have put something else in its place. */
function statementOf(name: string, text: string, type: SqlType): ClassifiedStatement {
  const facts = { ...NO_FACTS, rows: ROWS_UNKNOWN, rowsKnown: false, tables: ['pg_catalog.pg_largeobject'] }
  const uses = { functions: [['pg_catalog', name]], operators: [], types: [], relations: [], attributes: [], sources: [] }
  const nothing = { because: null, defines: null, refers: null, copy: null, transaction: null, setting: null }
  return { type, kind: 'FunctionCall', fingerprint: null, facts, text, before: '', uses, ...nothing }
}

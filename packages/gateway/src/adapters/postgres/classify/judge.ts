import type { SqlType } from '@countersign/core/action'
import { isSessionSet, settingOf, type Setting } from './settings.ts'
import { ADMIN_ALTERS, ADMIN_OBJECTS, typeOfNode, widest } from './statements.ts'
import { as, constant, dotted, integer, isTree, list, names, relationName, text, tree, type Tree, unwrap } from './tree.ts'
import { together, type Uses } from './uses.ts'
import { Walk } from './walk.ts'

export type Transaction = 'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'rollback-to' | 'prepare' | 'commit-prepared' | 'rollback-prepared'

/** A name that a statement gives to another: PREPARE's or DECLARE's. */
export interface Defined {
  readonly object: 'statement' | 'cursor'
  readonly name: string
}

/**
 * A name that a statement uses: EXECUTE and FETCH run what it stands for (`atLeast` is the type of EXECUTE's own arguments); DEALLOCATE and CLOSE end
 * it, and null is ALL.
 */
export type Referred =
  | { readonly use: 'run'; readonly object: 'statement' | 'cursor'; readonly name: string; readonly atLeast: SqlType }
  | { readonly use: 'end'; readonly object: 'statement' | 'cursor'; readonly name: string | null }

export interface Judged {
  readonly type: SqlType
  /** Why it is `sql:unknown`; null for any other type. */
  readonly because: string | null
  readonly tables: readonly string[]
  readonly columns: readonly string[]
  readonly unbounded: boolean
  readonly defines: Defined | null
  readonly refers: Referred | null
  readonly copy: 'in' | 'out' | null
  readonly transaction: Transaction | null
  readonly setting: Setting | null
  /** What the live catalog has to say more about; null for nothing. */
  readonly uses: Uses | null
}

type Extra = Partial<Pick<Judged, 'defines' | 'refers' | 'copy' | 'transaction' | 'setting' | 'unbounded' | 'because' | 'uses'>>

/** Judges one statement node of the grammar. */
export function judge(kind: string, node: Tree, trusted: ReadonlySet<string>): Judged {
  switch (kind) {
    case 'SelectStmt':
    case 'InsertStmt':
    case 'UpdateStmt':
    case 'DeleteStmt':
    case 'MergeStmt':
      return walked(walk(trusted, { [kind]: node }))
    case 'CopyStmt':
      return copy(node, trusted)
    case 'ExplainStmt':
      return explain(node, trusted)
    case 'PrepareStmt':
      return prepare(node, trusted)
    case 'DeclareCursorStmt':
      return { ...inner(node.query, trusted), defines: { object: 'cursor', name: text(node.portalname) ?? '' } }
    case 'ExecuteStmt':
      return run('statement', text(node.name) ?? '', walk(trusted, node.params))
    case 'FetchStmt':
      return run('cursor', text(node.portalname) ?? '', walk(trusted))
    case 'DeallocateStmt':
      return plain(typeOfNode(kind), node, { refers: { use: 'end', object: 'statement', name: text(node.name) } })
    case 'ClosePortalStmt':
      return plain(typeOfNode(kind), node, { refers: { use: 'end', object: 'cursor', name: text(node.portalname) } })
    case 'TransactionStmt':
      return transaction(node)
    case 'VariableSetStmt':
      return plain(isSessionSet(node) ? 'sql:session' : 'sql:admin', node, { setting: settingOf(node) })
    case 'DiscardStmt':
      return plain(discard(node.target), node)
    case 'CreateTableAsStmt':
      return createTableAs(node, trusted)
    case 'CreateSchemaStmt':
      return plain(widest([typeOfNode(kind), ...list(node.schemaElts).map((element) => inner(element, trusted).type)]), node)
    case 'AlterTableStmt':
      return plain(list(node.cmds).some(isAdminAlter) ? 'sql:admin' : typeOfNode(kind), node)
    case 'DropStmt':
      return plain(ADMIN_OBJECTS.has(text(node.removeType) ?? '') ? 'sql:admin' : typeOfNode(kind), node)
    case 'RenameStmt':
      return plain(ADMIN_OBJECTS.has(text(node.renameType) ?? '') ? 'sql:admin' : typeOfNode(kind), node)
    case 'AlterObjectSchemaStmt':
      return plain(ADMIN_OBJECTS.has(text(node.objectType) ?? '') ? 'sql:admin' : typeOfNode(kind), node)
    case 'TruncateStmt':
      return plain(typeOfNode(kind), node, { unbounded: true })
    default:
      return plain(typeOfNode(kind), node, typeOfNode(kind) === 'sql:unknown' ? { because: `the gateway cannot tell what ${kind} does`, unbounded: true } : {})
  }
}

function inner(statement: unknown, trusted: ReadonlySet<string>): Judged {
  const found = unwrap(statement)
  return found ? judge(found.kind, found.node, trusted) : plain('sql:unknown', {}, { because: 'a statement inside another is missing', unbounded: true })
}

function walk(trusted: ReadonlySet<string>, ...values: readonly unknown[]): Walk {
  const walk = new Walk(trusted)
  for (const value of values) walk.value(value)
  return walk
}

function walked(walk: Walk, extra: Extra = {}): Judged {
  const { type, because, tables, columns, unbounded, uses } = walk
  return { ...judged(type, [...tables], [...columns]), because, unbounded: unbounded || type === 'sql:unknown', uses, ...extra }
}

function plain(type: SqlType, node: Tree, extra: Extra = {}): Judged {
  return { ...judged(type, relations(node), []), ...extra }
}

function judged(type: SqlType, tables: readonly string[], columns: readonly string[]): Judged {
  const facts = { tables: [...new Set(tables)].toSorted(), columns: [...new Set(columns)].toSorted() }
  return { type, because: null, ...facts, unbounded: false, defines: null, refers: null, copy: null, transaction: null, setting: null, uses: null }
}

/** EXECUTE makes its arguments values of the types that PREPARE names. */
function prepare(node: Tree, trusted: ReadonlySet<string>): Judged {
  const found = inner(node.query, trusted)
  const types = walk(trusted, node.argtypes)
  const isKnown = types.because === null
  return {
    ...found,
    type: widest([found.type, types.type]),
    because: found.because ?? types.because,
    unbounded: found.unbounded || !isKnown,
    uses: together(found.uses, types.uses),
    defines: { object: 'statement', name: text(node.name) ?? '' },
  }
}

/** COPY of a file or a program acts as the server's own user; the rest reads or writes rows. */
function copy(node: Tree, trusted: ReadonlySet<string>): Judged {
  const direction = node.is_from ? 'in' : 'out'
  const found = walk(trusted, node.query, node.whereClause, node.relation ? { RangeVar: node.relation } : null)
  found.widen(direction === 'in' ? 'sql:write' : 'sql:read')
  if (direction === 'in') found.changes(tree(node.relation))
  for (const column of names(node.attlist)) found.columns.add(column)
  const server = node.is_program === true || node.filename !== undefined
  if (server) found.widen('sql:admin')
  return walked(found, { copy: server ? null : direction })
}

/**
 * EXPLAIN of anything is a read, and EXPLAIN ANALYZE is what it runs. What is unknown stays so: planning already runs immutable and stable functions
 * to estimate with. So does what makes a table: the server looks for its place first, and makes the session's schema for a temporary one.
 */
function explain(node: Tree, trusted: ReadonlySet<string>): Judged {
  const found = inner(node.query, trusted)
  const runs = list(node.options).some(isAnalyze)
  const type = runs || found.type === 'sql:unknown' || found.type === 'sql:ddl' ? widest(['sql:read', found.type]) : 'sql:read'
  const { because } = found
  const uses = found.uses && !runs && found.type === 'sql:write' ? { ...found.uses, plansChange: true } : found.uses
  return { ...judged(type, found.tables, found.columns), because, uses, unbounded: found.unbounded && type !== 'sql:read' }
}

/** ANALYZE, unless it says false in a way that the server reads so. */
function isAnalyze(option: unknown): boolean {
  const { defname, arg } = tree(as('DefElem', option))
  if (defname !== 'analyze') return false
  const number = as('Integer', arg)
  const value = number ? integer(number) : (text(as('String', arg)?.sval) ?? constant(arg))
  return !(value !== null && ['false', 'off', '0'].includes(value.toLowerCase()))
}

/** What the name stands for is the session's to know: until `inherit` says it, unknown. */
function run(object: 'statement' | 'cursor', name: string, args: Walk): Judged {
  const because = args.because ?? `the ${object} ${name} was not judged in this session`
  const atLeast = args.type
  args.widen('sql:unknown')
  return walked(args, { because, refers: { use: 'run', object, name, atLeast } })
}

const TRANSACTIONS: Readonly<Record<string, Transaction>> = {
  TRANS_STMT_BEGIN: 'begin',
  TRANS_STMT_START: 'begin',
  TRANS_STMT_COMMIT: 'commit',
  TRANS_STMT_ROLLBACK: 'rollback',
  TRANS_STMT_SAVEPOINT: 'savepoint',
  TRANS_STMT_RELEASE: 'release',
  TRANS_STMT_ROLLBACK_TO: 'rollback-to',
  TRANS_STMT_PREPARE: 'prepare',
  TRANS_STMT_COMMIT_PREPARED: 'commit-prepared',
  TRANS_STMT_ROLLBACK_PREPARED: 'rollback-prepared',
}

/** A prepared transaction outlives its session, and another's is finished by name: both are `sql:admin`. */
function transaction(node: Tree): Judged {
  const kind = TRANSACTIONS[text(node.kind) ?? '']
  if (kind === undefined) return plain('sql:unknown', {}, { because: 'the gateway does not know this kind of transaction statement', unbounded: true })
  return plain(kind.includes('prepare') ? 'sql:admin' : 'sql:session', {}, { transaction: kind })
}

/** DISCARD ALL also resets role and search_path; DISCARD TEMP drops tables. */
function discard(target: unknown): SqlType {
  if (target === 'DISCARD_PLANS' || target === 'DISCARD_SEQUENCES') return 'sql:session'
  return target === 'DISCARD_TEMP' ? 'sql:ddl' : 'sql:admin'
}

/** It runs its query at once, so that functions in it count; CREATE TABLE AS EXECUTE is unknown with the rest of EXECUTE. */
function createTableAs(node: Tree, trusted: ReadonlySet<string>): Judged {
  const found = inner(node.query, trusted)
  const { type, because, unbounded, uses } = found
  const own = relations(tree(node.into))
  return { ...judged(widest(['sql:ddl', type]), [...found.tables, ...own], found.columns), because, unbounded, uses }
}

function isAdminAlter(command: unknown): boolean {
  return ADMIN_ALTERS.has(text(as('AlterTableCmd', command)?.subtype) ?? '')
}

/** Every relation that is named anywhere in a statement that is not walked, and what DROP names in lists. */
function relations(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(relations)
  if (!isTree(value)) return []
  if (typeof value.relname === 'string') return [relationName(value)]
  const dropped = 'removeType' in value ? list(value.objects).flatMap((object) => dotted(names(as('List', object)?.items)) || []) : []
  return [...dropped, ...Object.values(value).flatMap(relations)]
}

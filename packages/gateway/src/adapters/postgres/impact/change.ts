import { parse } from '../classify/grammar.ts'
import { as, isTree, list, names, text as textOf, tree, type Tree, unwrap } from '../classify/tree.ts'
import { quotedName } from './counting.ts'

export type RowEvent = 'insert' | 'update' | 'delete'

/** What one change of rows names, as its tree says. */
export interface RowChange {
  readonly kind: 'InsertStmt' | 'UpdateStmt' | 'DeleteStmt' | 'MergeStmt'
  readonly events: readonly RowEvent[]
  /** The table that changes, and then every table in the statement, each quoted as `"schema"."table"`. */
  readonly target: string
  readonly tables: readonly string[]
  /** The tables' bare names, for what may shadow them. */
  readonly bareNames: readonly string[]
  /** Columns that an UPDATE sets, and those that its WHERE, or a DELETE's, fixes to constants. */
  readonly set: readonly string[]
  readonly fixed: readonly string[]
  /** Columns that it gives values, `*` for all, and columns that decide which rows it reaches. */
  readonly sets: readonly string[]
  readonly where: readonly string[]
  /** Functions that decide which rows it reaches, by their bare names. */
  readonly functions: readonly string[]
  /** The rows that the text itself names: INSERT … VALUES. */
  readonly values: number | null
  /** Why its rows cannot be counted; null when they may be. */
  readonly uncountable: string | null
}

/** Reads one INSERT, UPDATE, DELETE or MERGE; null for any other statement. Throws what the parser throws. */
export function readChange(statement: string): RowChange | null {
  const [only, ...others] = parse(statement)
  if (!only || others.length > 0) return null
  const { kind, node } = only
  if (kind !== 'InsertStmt' && kind !== 'UpdateStmt' && kind !== 'DeleteStmt' && kind !== 'MergeStmt') return null
  const relation = tree(node.relation)
  const ctes = new Set(collect(node, 'CommonTableExpr').map(({ ctename }) => textOf(ctename)))
  const ranges = [relation, ...collect(node, 'RangeVar').filter(({ schemaname, relname }) => schemaname !== undefined || !ctes.has(textOf(relname)))]
  return {
    kind,
    events: eventsOf(kind, node),
    target: quotedName(relation),
    tables: [...new Set(ranges.map(quotedName))],
    bareNames: [...new Set(ranges.map(({ relname }) => textOf(relname) ?? ''))],
    set: kind === 'UpdateStmt' ? list(node.targetList).flatMap((target) => textOf(as('ResTarget', target)?.name) ?? []) : [],
    fixed: kind === 'UpdateStmt' || kind === 'DeleteStmt' ? fixedColumns(node) : [],
    sets: setColumns(kind, node),
    where: [
      ...new Set(
        collect([node.fromClause, node.usingClause, node.whereClause, node.joinCondition], 'ColumnRef').flatMap(({ fields }) => names(fields).at(-1) ?? []),
      ),
    ],
    functions: [...new Set(deciding(node).flatMap(({ funcname }) => names(funcname).at(-1) ?? []))],
    values: kind === 'InsertStmt' ? valuesOf(node) : null,
    uncountable: uncountable(kind, node),
  }
}

function eventsOf(kind: RowChange['kind'], { onConflictClause }: Tree): readonly RowEvent[] {
  switch (kind) {
    case 'InsertStmt':
      return tree(onConflictClause).action === 'ONCONFLICT_UPDATE' ? ['insert', 'update'] : ['insert']
    case 'UpdateStmt':
      return ['update']
    case 'DeleteStmt':
      return ['delete']
    case 'MergeStmt':
      return ['insert', 'update', 'delete']
  }
}

/** An INSERT that names no columns gives values to all of them. */
function setColumns(kind: RowChange['kind'], node: Tree): readonly string[] {
  const named = (targets: unknown) => list(targets).flatMap((target) => textOf(as('ResTarget', target)?.name) ?? [])
  const clauses = collect([node.onConflictClause, node.mergeWhenClauses], 'MergeWhenClause')
  const more = [...named(tree(node.onConflictClause).targetList), ...clauses.flatMap(({ targetList }) => named(targetList))]
  const own = kind === 'InsertStmt' ? named(node.cols) : kind === 'UpdateStmt' ? named(node.targetList) : []
  const everything = kind === 'InsertStmt' && own.length === 0 ? ['*'] : []
  return [...new Set([...everything, ...own, ...more])]
}

function uncountable(kind: RowChange['kind'], node: Tree): string | null {
  if (kind === 'MergeStmt') return 'what a MERGE changes is only estimated'
  if (holds(node, 'withClause')) return 'it has a WITH, which is not counted'
  if (collect(node, 'CurrentOfExpr').length > 0) return 'it changes the row of a cursor of the session'
  if (kind === 'InsertStmt' && valuesOf(node) === null)
    return node.onConflictClause === undefined ? 'what an INSERT … SELECT adds is only estimated' : 'which rows are in conflict is not counted'
  return null
}

/**
 * How many rows VALUES names. The values of a single row may be functions that return many rows, which multiply it, so that any
 * function there means not known; ON CONFLICT may leave rows out.
 */
function valuesOf({ selectStmt, onConflictClause }: Tree): number | null {
  if (onConflictClause !== undefined) return null
  if (selectStmt === undefined) return 1 // DEFAULT VALUES
  const select = as('SelectStmt', selectStmt)
  const rows = list(select?.valuesLists)
  if (!select || rows.length === 0 || select.limitCount !== undefined || select.limitOffset !== undefined) return null
  return rows.length === 1 && collect(rows, 'FuncCall').length > 0 ? null : rows.length
}

/** The target's columns that every matched row has one of some constants in. Unqualified names count only when no other table could have them. */
function fixedColumns(node: Tree): readonly string[] {
  const relation = tree(node.relation)
  const target = textOf(tree(relation.alias).aliasname) ?? textOf(relation.relname) ?? ''
  const alone = node.fromClause === undefined && node.usingClause === undefined
  return conjuncts(node.whereClause).flatMap((condition) => {
    const { kind, name, lexpr, rexpr } = tree(as('A_Expr', condition))
    if ((kind !== 'AEXPR_OP' && kind !== 'AEXPR_IN') || names(name).join('.') !== '=') return []
    return isConstant(rexpr) ? columnOf(lexpr, target, alone) : isConstant(lexpr) ? columnOf(rexpr, target, alone) : []
  })
}

function conjuncts(condition: unknown): readonly unknown[] {
  const and = as('BoolExpr', condition)
  return and?.boolop === 'AND_EXPR' ? list(and.args).flatMap(conjuncts) : [condition]
}

function isConstant(value: unknown): boolean {
  const found = unwrap(value)
  if (found?.kind === 'List') return list(found.node.items).every(isConstant)
  if (found?.kind === 'TypeCast') return isConstant(found.node.arg)
  return found?.kind === 'A_Const' || found?.kind === 'ParamRef'
}

function columnOf(value: unknown, target: string, alone: boolean): readonly string[] {
  const path = names(as('ColumnRef', value)?.fields)
  const [first, second] = path
  if (path.length === 1 && first !== undefined) return alone ? [first] : []
  return path.length === 2 && first === target && second !== undefined ? [second] : []
}

const deciding = ({ fromClause, usingClause, whereClause }: Tree) => collect([fromClause, usingClause, whereClause], 'FuncCall')

/** The fields of every node of that kind, wherever it stands. */
function collect(value: unknown, kind: string): readonly Tree[] {
  if (Array.isArray(value)) return value.flatMap((item) => collect(item, kind))
  if (!isTree(value)) return []
  return Object.entries(value).flatMap(([key, part]) => [...(key === kind ? [tree(part)] : []), ...collect(part, kind)])
}

function holds(value: unknown, field: string): boolean {
  if (Array.isArray(value)) return value.some((item) => holds(item, field))
  return isTree(value) && (field in value || Object.values(value).some((part) => holds(part, field)))
}

import { RETURNS_ROWS } from './functions.ts'
import { as, list, names, text, tree, type Tree, unwrap } from './tree.ts'

// `x.name` is `name(x)` where x has no such column, so that `SELECT (7).cancel_order` and `SELECT x.cancel_order FROM generate_series(7, 7) x`
// call a function of the user's (tried on 15 and 18). Of a table's row that cannot be told from a column without the catalog; of a scalar it can.

/** Columns of functions in pg_catalog that give no rows with several of them. */
const OUT_NAMES = ['value', 'relid', 'lexeme', 'positions', 'weights']

/** A name in FROM that stands for one value of each row, and the columns that it has. */
export interface Scalar {
  readonly alias: string
  readonly columns: ReadonlySet<string>
}

/** The alias of a function in FROM that gives plain values; null when its rows have columns of their own. */
export function scalarOf(range: Tree): Scalar | null {
  const functions = list(range.functions).map((item) => unwrap(list(as('List', item)?.items)[0]))
  const [only] = functions
  if (!only || functions.length > 1 || range.ordinality || list(range.coldeflist).length > 0) return null
  const called = names(only.node.funcname).at(-1) ?? ''
  if (only.kind === 'FuncCall' && RETURNS_ROWS.has(called)) return null
  const alias = text(tree(range.alias).aliasname) ?? called
  return { alias, columns: new Set([alias, ...names(tree(range.alias).colnames), ...OUT_NAMES]) }
}

/** True when `(expression).name` takes a column and can call nothing: of what gives rows, or as JDBC asks for the keys of a table. */
export function takesColumns(node: Tree): boolean {
  const path = names(node.indirection)
  if (path.length === 0) return true
  const call = as('FuncCall', node.arg)
  if (call) return RETURNS_ROWS.has(names(call.funcname).at(-1) ?? '')
  return as('ColumnRef', node.arg) !== null && path.every((name) => name === 'n' || name === 'x')
}

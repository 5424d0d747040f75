import { as, isTree, list, names, text, tree, type Tree, unwrap } from './tree.ts'

/**
 * True when a change of rows may reach every row of its table: no WHERE, or one that does not restrict. Best effort and on the safe side: without
 * the catalog `id > 0` looks like a restriction, and `EXISTS (SELECT 1 FROM other)` that names no column of the target does not.
 */
export function isUnbounded(kind: string, node: Tree): boolean {
  const target = targetNames(tree(node.relation))
  if (kind === 'UpdateStmt' || kind === 'DeleteStmt') return !restricts(node.whereClause, target)
  if (kind === 'MergeStmt') return !restricts(node.joinCondition, target) || list(node.mergeWhenClauses).some(changesUnmatched)
  return false
}

/** WHEN NOT MATCHED BY SOURCE reaches all the rows that the ON does not. */
function changesUnmatched(clause: unknown): boolean {
  const when = tree(as('MergeWhenClause', clause))
  return when.matchKind === 'MERGE_WHEN_NOT_MATCHED_BY_SOURCE' && when.commandType !== 'CMD_NOTHING'
}

/** How a column of the target may be qualified: by its alias, which hides its name. */
function targetNames(relation: Tree): string {
  return text(tree(relation.alias).aliasname) ?? text(relation.relname) ?? ''
}

/** True when the condition (or its negation) leaves rows of the target out. */
function restricts(condition: unknown, target: string, negated = false): boolean {
  const found = unwrap(condition)
  if (!found) return false
  const { kind, node } = found
  switch (kind) {
    case 'BoolExpr':
      return boolRestricts(node, target, negated)
    case 'A_Const':
      return isFalse(node, negated)
    case 'TypeCast':
      return restricts(node.arg, target, negated)
    case 'A_Expr':
      return !isReflexive(node) && !isAnyText(node) && mentions(condition, target)
    case 'NullTest':
    case 'SubLink':
      return mentions(condition, target)
    case 'BooleanTest':
      return booleanTestRestricts(node, target, negated)
    case 'CaseExpr':
      return [...list(node.args).map((when) => as('CaseWhen', when)?.result), node.defresult ?? FALSE].every((result) => restricts(result, target, negated))
    case 'CoalesceExpr':
      return list(node.args).every((arg) => restricts(arg, target, negated))
    case 'CurrentOfExpr':
      return true
    default:
      return mentions(condition, target)
  }
}

const FALSE = { A_Const: { boolval: {} } }

function isFalse(node: Tree, negated: boolean): boolean {
  return node.isnull === true || ('boolval' in node && (tree(node.boolval).boolval === true) === negated)
}

/** AND restricts when one side does, OR when all do and no two of them are each other's opposite; NOT swaps the two. */
function boolRestricts(node: Tree, target: string, negated: boolean): boolean {
  const args = list(node.args)
  if (node.boolop === 'NOT_EXPR') return restricts(args[0], target, !negated)
  const all = (node.boolop === 'OR_EXPR') !== negated
  if (!all) return args.some((arg) => restricts(arg, target, negated))
  return args.every((arg) => restricts(arg, target, negated)) && !hasOpposites(args)
}

function booleanTestRestricts(node: Tree, target: string, negated: boolean): boolean {
  switch (node.booltesttype) {
    case 'IS_TRUE':
    case 'IS_NOT_FALSE':
      return restricts(node.arg, target, negated)
    case 'IS_FALSE':
    case 'IS_NOT_TRUE':
      return restricts(node.arg, target, !negated)
    default:
      return mentions(node.arg, target) && (node.booltesttype === 'IS_UNKNOWN') !== negated
  }
}

/** `id = id`, `id IN (id, …)`, `lower(x) = lower(x)`: the same on both sides. */
function isReflexive(node: Tree): boolean {
  const right = as('List', node.rexpr)
  const left = canonical(node.lexpr)
  return node.lexpr !== undefined && (right ? list(right.items) : [node.rexpr]).some((side) => canonical(side) === left)
}

/** `name LIKE '%'`. */
function isAnyText(node: Tree): boolean {
  const pattern = text(tree(as('A_Const', node.rexpr)?.sval).sval)
  return (node.kind === 'AEXPR_LIKE' || node.kind === 'AEXPR_ILIKE') && pattern !== null && /^%+$/.test(pattern)
}

const OPPOSITE: Readonly<Record<string, string>> = { '=': '<>', '<>': '=', '<': '>=', '>=': '<', '>': '<=', '<=': '>' }

/** `a IS NULL OR a IS NOT NULL`, `a = 1 OR a <> 1`, `x OR NOT x`. */
function hasOpposites(args: readonly unknown[]): boolean {
  const seen = new Set(args.map(canonical))
  return args.some((arg) => opposites(arg).some((opposite) => seen.has(canonical(opposite))))
}

function opposites(condition: unknown): readonly unknown[] {
  const found = unwrap(condition)
  const not = { BoolExpr: { boolop: 'NOT_EXPR', args: [condition] } }
  if (found?.kind === 'NullTest') return [not, { NullTest: { ...found.node, nulltesttype: found.node.nulltesttype === 'IS_NULL' ? 'IS_NOT_NULL' : 'IS_NULL' } }]
  const operator = found?.kind === 'A_Expr' ? OPPOSITE[names(found.node.name).at(-1) ?? ''] : undefined
  if (found && operator !== undefined) return [not, { A_Expr: { ...found.node, name: [{ String: { sval: operator } }] } }]
  return [not]
}

/** The same text for the same expression wherever it stands. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (key, field: unknown) => (key === 'location' || key.startsWith('rexpr_list_') ? undefined : field)) ?? ''
}

/** True when a column of the target is named: unqualified or by the target's name, and inside a subquery only by its name. */
function mentions(value: unknown, target: string, inSubquery = false): boolean {
  if (Array.isArray(value)) return value.some((item) => mentions(item, target, inSubquery))
  if (!isTree(value)) return false
  const column = as('ColumnRef', value)
  if (column) return isOfTarget(names(column.fields), list(column.fields).length, target, inSubquery)
  return Object.entries(value).some(([field, part]) => mentions(part, target, inSubquery || field === 'subselect'))
}

function isOfTarget(path: readonly string[], length: number, target: string, inSubquery: boolean): boolean {
  if (length < 2) return !inSubquery
  return path[length - 2] === target || path[0] === target
}

/** A call in a stored expression, by the OID of its function or of its operator. */
export interface Call {
  readonly field: 'funcid' | 'opno'
  readonly oid: number
  /** A column is among what it is given. */
  readonly ofColumn: boolean
}

/** Names and constants escape braces, so what is left of them is the tree (src/backend/nodes/outfuncs.c). */
const BRACE = /\\.|[{}]/gs
const CALL = /\{\w+ :(funcid|opno) (\d+) /y

/**
 * The calls in a pg_node_tree, each behind those that it is given. Before anything runs the planner works out those of immutable functions with no column among what they are given, and puts the
 * body of a function in SQL in the place of its call, whatever it is given, and goes on there (eval_const_expressions).
 */
export function callsIn(tree: string): readonly Call[] {
  const open: { readonly call: Omit<Call, 'ofColumn'> | null; ofColumn: boolean }[] = []
  const found: Call[] = []
  for (const { 0: brace, index } of tree.matchAll(BRACE)) {
    if (brace === '{') open.push({ call: callAt(tree, index), ofColumn: tree.startsWith('{VAR ', index) })
    if (brace !== '}') continue
    const node = open.pop()
    const above = open.at(-1)
    if (node?.ofColumn && above) above.ofColumn = true
    if (node?.call) found.push({ ...node.call, ofColumn: node.ofColumn })
  }
  return found
}

function callAt(tree: string, index: number): Omit<Call, 'ofColumn'> | null {
  CALL.lastIndex = index
  const [, field, oid] = CALL.exec(tree) ?? []
  return field === undefined ? null : { field: field === 'opno' ? 'opno' : 'funcid', oid: Number(oid) }
}

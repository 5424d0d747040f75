/** A call in a stored expression that the planner makes before anything runs: by the OID of its function or of its operator. */
export interface Folded {
  readonly field: 'funcid' | 'opno'
  readonly oid: number
}

/** Names and constants escape braces, so what is left of them is the tree (src/backend/nodes/outfuncs.c). */
const BRACE = /\\.|[{}]/gs
const CALL = /\{\w+ :(funcid|opno) (\d+) /y

/** The calls in a pg_node_tree with no column among what they are given: where the function is immutable, the planner works them out (eval_const_expressions). */
export function foldedIn(tree: string): readonly Folded[] {
  const open: { readonly call: Folded | null; ofColumn: boolean }[] = []
  const found: Folded[] = []
  for (const { 0: brace, index } of tree.matchAll(BRACE)) {
    if (brace === '{') open.push({ call: callAt(tree, index), ofColumn: tree.startsWith('{VAR ', index) })
    if (brace !== '}') continue
    const node = open.pop()
    const above = open.at(-1)
    if (node?.ofColumn && above) above.ofColumn = true
    if (node?.call && !node.ofColumn) found.push(node.call)
  }
  return found
}

function callAt(tree: string, index: number): Folded | null {
  CALL.lastIndex = index
  const [, field, oid] = CALL.exec(tree) ?? []
  return field === undefined ? null : { field: field === 'opno' ? 'opno' : 'funcid', oid: Number(oid) }
}

/** One node of a parse tree, as libpg-query's JSON has it: fields that are zero, false or empty are absent. */
export type Tree = Readonly<Record<string, unknown>>

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `value` as a node, or an empty one. */
export function tree(value: unknown): Tree {
  return isTree(value) ? value : {}
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** `{ SelectStmt: {…} }` as its name and its fields; null for an empty node, which is the grammar's NULL. */
export function unwrap(value: unknown): { readonly kind: string; readonly node: Tree } | null {
  const entry = Object.entries(tree(value))[0]
  return entry ? { kind: entry[0], node: tree(entry[1]) } : null
}

/** The fields of `value` when it is a node of that kind, else null. */
export function as(kind: string, value: unknown): Tree | null {
  const found = unwrap(value)
  return found?.kind === kind ? found.node : null
}

/** The strings of a list of String nodes: a name with its qualifiers. Anything else in it (`*`) is left out. */
export function names(value: unknown): readonly string[] {
  return list(value).flatMap((item) => text(as('String', item)?.sval) ?? [])
}

/** `schema.table` as it was written. */
export function relationName(rangeVar: Tree): string {
  return dotted([rangeVar.catalogname, rangeVar.schemaname, rangeVar.relname].flatMap((part) => text(part) ?? []))
}

/** A qualified name. A part that holds a dot or a quote is quoted, so that `"a.b"` is not taken for `a.b`. */
export function dotted(path: readonly string[]): string {
  return path.map((part) => (/[."]/.test(part) ? `"${part.replaceAll('"', '""')}"` : part)).join('.')
}

/** The text of a constant: `'x'`, 1, 1.5, true; null for anything else and for NULL. */
export function constant(value: unknown): string | null {
  const node = as('A_Const', value)
  if (!node || node.isnull) return null
  if ('sval' in node) return text(tree(node.sval).sval) ?? ''
  if ('fval' in node) return text(tree(node.fval).fval)
  if ('boolval' in node) return tree(node.boolval).boolval === true ? 'true' : 'false'
  if ('ival' in node) return integer(tree(node.ival))
  return null
}

/** The digits of an Integer node, whose zero is absent. */
export function integer(node: Tree): string {
  return typeof node.ival === 'number' ? String(node.ival) : '0'
}

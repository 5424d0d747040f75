import { fingerprintOf, parseTree } from './parser.ts'
import { isTree, list, tree, type Tree, unwrap } from './tree.ts'

/** One statement of a message: its node, and its own slice of the text without the semicolon. */
export interface Parsed {
  readonly kind: string
  readonly node: Tree
  readonly text: string
}

/** The statements of a message. Throws what the parser throws. */
export function parse(message: string): readonly Parsed[] {
  const bytes = Buffer.from(message)
  return list(tree(parseTree(message)).stmts).map((raw) => {
    const { stmt, stmt_location: start, stmt_len: length } = tree(raw)
    const found = unwrap(stmt)
    if (!found) throw new Error('the parser gave an empty statement')
    const from = typeof start === 'number' ? start : 0
    const to = typeof length === 'number' && length > 0 ? from + length : bytes.length
    return { ...found, text: bytes.toString('utf8', from, to) }
  })
}

/** libpg-query does not look deeper than 100 nodes, so that two statements that differ below would share a fingerprint. */
const FINGERPRINT_DEPTH = 100

/** One statement's fingerprint: the same for the same shape with other constants. Null when it could not tell two shapes apart, and when the parser fails. */
export function fingerprint(text: string): string | null {
  try {
    const [only, ...others] = parse(text)
    return !only || others.length > 0 || isDeeper(only.node, FINGERPRINT_DEPTH) ? null : fingerprintOf(text)
  } catch {
    return null // without a shape, only this very statement can be approved
  }
}

function isDeeper(value: unknown, depth: number): boolean {
  if (!Array.isArray(value) && !isTree(value)) return false
  return depth === 0 || Object.values(value).some((part) => isDeeper(part, depth - 1))
}

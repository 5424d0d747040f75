import { parseTree } from './parser.ts'
import { type Shape, shapeOf } from './shape.ts'
import { list, tree, type Tree, unwrap } from './tree.ts'

/** One statement of a message: its node, and its own slice of the text without the semicolon. */
export interface Parsed {
  readonly kind: string
  readonly node: Tree
  readonly text: string
  /** What stands between it and the statement before: white space, semicolons and comments. */
  readonly before: string
}

/** The statements of a message. Throws what the parser throws. */
export function parse(message: string): readonly Parsed[] {
  const bytes = Buffer.from(message)
  let end = 0
  return list(tree(parseTree(message)).stmts).map((raw) => {
    const { stmt, stmt_location: start, stmt_len: length } = tree(raw)
    const found = unwrap(stmt)
    if (!found) throw new Error('the parser gave an empty statement')
    const from = typeof start === 'number' ? start : 0
    const to = typeof length === 'number' && length > 0 ? from + length : bytes.length
    const before = bytes.toString('utf8', end, from)
    end = to
    return { ...found, text: bytes.toString('utf8', from, to), before }
  })
}

/** One statement's shape. Null when it has none, and when the parser fails: then only this very statement can be approved. */
export function shape(text: string): Shape | null {
  try {
    const [only, ...others] = parse(text)
    return only && others.length === 0 ? shapeOf(only.kind, only.node) : null
  } catch {
    return null
  }
}

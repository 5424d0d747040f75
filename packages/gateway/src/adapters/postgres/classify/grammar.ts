import { fingerprintSync, loadModule, parseSync } from 'libpg-query'
import { list, tree, type Tree, unwrap } from './tree.ts'

/** One statement of a message: its node, and its own slice of the text without the semicolon. */
export interface Parsed {
  readonly kind: string
  readonly node: Tree
  readonly text: string
}

export async function load(): Promise<void> {
  await loadModule()
}

/** The statements of a message. Throws what the parser throws. */
export function parse(message: string): readonly Parsed[] {
  if (message === '') return []
  const bytes = Buffer.from(message)
  return list(tree(parseSync(message)).stmts).map((raw) => {
    const { stmt, stmt_location: start, stmt_len: length } = tree(raw)
    const found = unwrap(stmt)
    if (!found) throw new Error('the parser gave an empty statement')
    const from = typeof start === 'number' ? start : 0
    const to = typeof length === 'number' && length > 0 ? from + length : bytes.length
    return { ...found, text: bytes.toString('utf8', from, to) }
  })
}

/** The statement's fingerprint: the same for the same shape with other constants. */
export function fingerprint(statement: string): string | null {
  return fingerprintSync(statement)
}

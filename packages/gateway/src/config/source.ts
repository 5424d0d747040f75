import { type Document, type ErrorCode, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'

export interface Position {
  readonly line: number
  readonly column: number
}

export type Path = readonly PropertyKey[]

/** Only the codes have words of ours: the parser's own messages may quote the text, and the text may hold a secret. */
const MALFORMED: Partial<Record<ErrorCode, string>> = {
  DUPLICATE_KEY: 'this key is there twice',
  TAB_AS_INDENT: 'indent with spaces, not tabs',
  BAD_INDENT: 'the indentation does not fit the lines around it',
  MISSING_CHAR: 'a closing quote, bracket or comma is missing',
  MULTILINE_IMPLICIT_KEY: 'a key must be on one line; is a colon or a quote missing?',
  BLOCK_AS_IMPLICIT_KEY: 'a nested key cannot start on this line; is it indented too little, or a quote missing?',
  MULTIPLE_DOCS: 'one document only',
  BAD_ALIAS: 'this alias has no anchor before it',
}

/** YAML with the position of every key and value. */
export class YamlSource {
  readonly #document: Document
  readonly #lines = new LineCounter()

  constructor(text: string) {
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: true, strict: true })
  }

  /** What makes the text no YAML, in order. */
  malformed(): readonly (Position & { readonly message: string })[] {
    const trouble = [...this.#document.errors, ...this.#document.warnings]
    return trouble.map(({ code, pos }) => ({ ...this.#position(pos[0]), message: MALFORMED[code] ?? `not valid YAML (${code})` }))
  }

  /** The plain value. Throws when aliases multiply beyond the parser's bound. */
  value(): unknown {
    return this.#document.toJS({ maxAliasCount: 100 })
  }

  /** Where the value at `path` stands; where its nearest ancestor stands when it is missing. */
  at(path: Path): Position {
    let node: unknown = this.#document.contents
    for (const key of path) {
      const child = childOf(node, key)
      if (child === null) break
      node = child
    }
    return this.#positionOf(node)
  }

  /** Where the key itself stands, for a key that should not be there. */
  atKey(path: Path): Position {
    const parent = path.slice(0, -1).reduce<unknown>(childOf, this.#document.contents)
    const key = isMap(parent) ? parent.items.find((pair) => keyOf(pair.key) === String(path.at(-1)))?.key : null
    return key ? this.#positionOf(key) : this.at(path)
  }

  #positionOf(node: unknown): Position {
    const start = (node as Node | null)?.range?.[0]
    return start === undefined ? { line: 1, column: 1 } : this.#position(start)
  }

  #position(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
}

const keyOf = (key: unknown) => (isScalar(key) ? String(key.value) : null)

function childOf(node: unknown, key: PropertyKey): unknown {
  if (isSeq(node)) return node.items[Number(key)] ?? null
  if (!isMap(node)) return null
  const pair = node.items.find((item) => isPair(item) && keyOf(item.key) === String(key))
  return pair?.value ?? pair?.key ?? null
}

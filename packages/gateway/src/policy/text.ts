/** One policy as it stands in its file; `offset` counts UTF-16 units from the start of the file. */
export interface PolicyText {
  readonly text: string
  readonly offset: number
}

/** Cedar's tokens as far as finding a policy's end needs them: a comment ends at CR or LF, a string may hold anything escaped. */
const TOKEN = /(?<comment>\/\/[^\r\n]*)|(?<blank>\s+)|(?<end>;)|"(?:[^"\\]|\\[^])*"?|[^\s"/;]+|\//gu

/**
 * The policies of one file, each from its first annotation to its semicolon. Cedar parses each by itself afterwards, so
 * that every problem of a file is found at once, and a wrong cut is a parse error and nothing worse.
 */
export function splitPolicies(text: string): readonly PolicyText[] {
  const policies: PolicyText[] = []
  let start: number | null = null
  for (const { index, 0: token, groups } of text.matchAll(TOKEN)) {
    if (groups?.comment !== undefined || groups?.blank !== undefined) continue
    start ??= index
    if (groups?.end === undefined) continue
    policies.push({ text: text.slice(start, index + token.length), offset: start })
    start = null
  }
  return start === null ? policies : [...policies, { text: text.slice(start).trimEnd(), offset: start }]
}

/** Where the lines of a text start. */
export class Lines {
  readonly #starts: readonly number[]

  constructor(text: string) {
    this.#starts = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)]
  }

  /** Line and column, from 1, of an offset. */
  at(offset: number): { readonly line: number; readonly column: number } {
    let [low, high] = [0, this.#starts.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.#starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 }
  }
}

/** Cedar counts in bytes of UTF-8. */
export function offsetOfByte(text: string, byte: number): number {
  return Buffer.from(text, 'utf8').subarray(0, byte).toString('utf8').length
}

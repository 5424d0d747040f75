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

/** Line and column, from 1, of an offset. */
export function positionAt(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}

/** Cedar counts in bytes of UTF-8. */
export function offsetOfByte(text: string, byte: number): number {
  return Buffer.from(text, 'utf8').subarray(0, byte).toString('utf8').length
}

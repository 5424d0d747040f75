/** PostgreSQL counts characters, from 1, and an editor UTF-16 units, from 0. Null: it is not in this text. `prefix`: characters that were put before the text. */
export function offsetOf(text: string, position: number, prefix: number): number | null {
  const characters = position - 1 - prefix
  if (characters < 0) return null
  let offset = 0
  for (let index = 0; index < characters; index++) {
    const code = text.codePointAt(offset)
    if (code === undefined) return null
    offset += code > 0xffff ? 2 : 1
  }
  return offset
}

/** The line and the character of an offset, as people count. */
export function placeOf(text: string, offset: number): { readonly line: number; readonly character: number } {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, character: Array.from(before.slice(before.lastIndexOf('\n') + 1)).length + 1 }
}

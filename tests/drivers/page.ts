import { readFileSync } from 'node:fs'

const PAGE = new URL('../../docs/drivers.md', import.meta.url)

/** The column of docs/drivers.md with this head, beside the first column: [row, cell]. The number of a note is replaced by its text. */
export function cellsOf(head: string): readonly (readonly [string, string])[] {
  const text = readFileSync(PAGE, 'utf8')
  const notes = new Map(Array.from(text.matchAll(/^(\d+)\. (.+)$/gm), ([, number, note]) => [number, note]))
  const tables = text.split('\n\n').map((block) => block.split('\n').filter((line) => line.startsWith('|')))
  for (const [heads, , ...rows] of tables.map((lines) => lines.map(cellsIn))) {
    const column = heads?.indexOf(head) ?? -1
    if (column > 0) return rows.map((row) => [row[0] ?? '', (row[column] ?? '').replace(/\[(\d+)\]$/, (_, number: string) => notes.get(number) ?? '')])
  }
  return []
}

const cellsIn = (line: string) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())

import { readFileSync } from 'node:fs'

const PAGE = new URL('../../docs/drivers.md', import.meta.url)

/** The column of docs/drivers.md with this head, beside the first column: [row, cell]. The number of a note is replaced by its text. */
export function cellsOf(head: string): readonly (readonly [string, string])[] {
  const notes = new Map(Array.from(read().matchAll(/^(\d+)\. (.+)$/gm), ([, number, note]) => [number, note]))
  for (const [heads = [], , ...rows] of tables()) {
    const column = heads.indexOf(head)
    if (column > 0) return rows.map((row) => [row[0] ?? '', (row[column] ?? '').replace(/\[(\d+)\]$/, (_, number: string) => notes.get(number) ?? '')])
  }
  return []
}

/** The heads of all columns but the first of each table. */
export function headsOf(): readonly string[] {
  return tables().flatMap(([heads = []]) => heads.slice(1))
}

const read = () => readFileSync(PAGE, 'utf8')

/** Of every table its lines, of every line its cells. */
function tables(): readonly (readonly (readonly string[])[])[] {
  const blocks = read()
    .split('\n\n')
    .map((block) => block.split('\n').filter((line) => line.startsWith('|')))
  return blocks.filter((lines) => lines.length > 0).map((lines) => lines.map(cellsIn))
}

const cellsIn = (line: string) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())

import { readFileSync } from 'node:fs'

const DOCS = new URL('../../docs/', import.meta.url)
const DRIVERS = 'drivers.md'

/** The column with this head in a page of docs/, beside its table's first column: [row, cell]. The number of a note is replaced by its text. */
export function cellsOf(head: string, page = DRIVERS): readonly (readonly [string, string])[] {
  const notes = new Map(Array.from(read(page).matchAll(/^(\d+)\. (.+)$/gm), ([, number, note]) => [number, note]))
  for (const [heads = [], , ...rows] of tables(page)) {
    const column = heads.indexOf(head)
    if (column > 0) return rows.map((row) => [row[0] ?? '', (row[column] ?? '').replace(/\[(\d+)\]$/, (_, number: string) => notes.get(number) ?? '')])
  }
  return []
}

/** The heads of all columns but the first of each table of docs/drivers.md. */
export function headsOf(): readonly string[] {
  return tables(DRIVERS).flatMap(([heads = []]) => heads.slice(1))
}

const read = (page: string) => readFileSync(new URL(page, DOCS), 'utf8')

/** Of every table its lines, of every line its cells. */
function tables(page: string): readonly (readonly (readonly string[])[])[] {
  const blocks = read(page)
    .split('\n\n')
    .map((block) => block.split('\n').filter((line) => line.startsWith('|')))
  return blocks.filter((lines) => lines.length > 0).map((lines) => lines.map(cellsIn))
}

const cellsIn = (line: string) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())

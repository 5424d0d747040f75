import type { Report } from '@countersign/contract/schemas/report'
import { aboutOf, tablesOf } from './evidence-table.ts'

const COLUMNS = ['Section', 'Person', 'Resource', 'Action', 'Outcome', 'First', 'Last', 'Count', 'Approved by', 'Policy', 'Receipt', 'Detail']
/** What the columns of a table are called in the one table that a CSV file is. */
const NAMES: Readonly<Record<string, string>> = { At: 'First', Reviewer: 'Person', Verdict: 'Outcome', Token: 'Detail', Request: 'Detail' }

/**
 * One table (RFC 4180), whose first column says which part of the report a row is of: `about`, `access`, `standing`, `unproven`. Every cell is quoted, and one that a
 * spreadsheet would take for a formula begins with an apostrophe: names come from people.
 */
export function evidenceCsv(report: Report): string {
  const rows = [
    ...aboutOf(report).map(([name, value]) => rowOf({ Section: 'about', Detail: `${name}: ${value}` })),
    ...tablesOf(report).flatMap(({ id, head, rows: cells }) => cells.map((row) => rowOf({ Section: id, ...named(head, row) }))),
  ]
  return [COLUMNS, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}

function named(head: readonly string[], row: readonly string[]): Record<string, string> {
  const cells: Record<string, string> = {}
  for (const [index, name] of head.entries()) {
    const column = COLUMNS.includes(name) ? name : (NAMES[name] ?? 'Detail')
    const value = row[index] ?? ''
    cells[column] = column === 'Detail' ? [cells[column], `${name.toLowerCase()} ${value}`].filter(Boolean).join(', ') : value
  }
  return cells
}

const rowOf = (cells: Readonly<Record<string, string>>): readonly string[] => COLUMNS.map((column) => cells[column] ?? '')

/** What Excel, LibreOffice and Google Sheets read as the beginning of a formula (OWASP, CSV injection), also behind white space. */
const FORMULA = /^\s*[=+\-@\t\r]/

const cell = (value: string): string => `"${(FORMULA.test(value) ? `'${value}` : value).replaceAll('"', '""')}"`

import type { Cell } from './run.ts'

/**
 * What a spreadsheet takes for the beginning of a formula, full width too, and the blanks that it passes over before one. Whoever writes rows of an application
 * must not run formulas on the machine of who looks at them.
 */
const FORMULA = /^[\s\0]*[=+\-@＝＋－＠]|^[\t\r\n]/
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i

/**
 * CSV of RFC 4180 in UTF-8, as PostgreSQL's COPY writes it: NULL is an empty field, and an empty text is `""`. A cell that a spreadsheet would take for a
 * formula and that is no number gets an apostrophe before it, which spreadsheets take for "text follows"; where the exact values are needed for a
 * program, a client of PostgreSQL has them.
 */
export function csvOf(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [columns, ...rows].map((row) => `${row.map(fieldOf).join(',')}\r\n`).join('')
}

function fieldOf(cell: Cell): string {
  if (cell === null) return ''
  const safe = FORMULA.test(cell) && !NUMBER.test(cell) ? `'${cell}` : cell
  return safe === '' || /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

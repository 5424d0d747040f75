import type { Parameter, Statement } from '@countersign/contract/schemas/action'
import { visible, visibleLines } from '@countersign/contract/visible'
import type { Output } from './output.ts'

/**
 * Several statements, numbered in the order in which they run. Their own lines stand behind `|`, and what is known of them behind `:`, so that neither can pass
 * for the other; a statement whose text came before is one line, with its own values.
 */
export function showStatements(out: Output, statements: readonly Statement[]): void {
  const width = String(statements.length).length
  const first = new Map<string, number>()
  statements.forEach((statement, index) => {
    const number = String(index + 1).padStart(width)
    const same = first.get(statement.text)
    if (same !== undefined) return out.line(`  ${out.colors.dim(`${number} = ${same},`)} ${[about(statement), ...valuesOf(statement)].join(': ')}`)
    first.set(statement.text, index + 1)
    visibleLines(statement.text).forEach((line, at) => out.line(`  ${out.colors.dim(`${at === 0 ? number : ' '.repeat(width)} |`)} ${out.colors.bold(line)}`))
    for (const line of [...valuesOf(statement), about(statement)]) out.line(`  ${out.colors.dim(`${' '.repeat(width)} :`)} ${line}`)
  })
}

/** `$1 = '7'`; binary values in hexadecimal. */
export function valueLine({ value, format, withheld }: Parameter, index: number): string {
  if (withheld) return `$${index + 1} = (withheld: policy calls it a secret)`
  return `$${index + 1} = ${value === null ? 'NULL' : `${format === 'binary' ? 'binary ' : ''}'${visible(value)}'`}`
}

/** In one line, none where it has no values. */
const valuesOf = ({ parameters }: Statement): readonly string[] => (parameters.length === 0 ? [] : [parameters.map(valueLine).join(', ')])

function about({ type, tables, impact }: Statement): string {
  const on = tables.length > 0 ? ` on ${visible(tables.join(', '))}` : ''
  return `${type}${on}${impact ? `, ${visible(rowsLine(impact))}` : ''}`
}

/** `3 rows when it was held`, or why that is not known. */
export function rowsLine({ rows, estimate, because }: Pick<NonNullable<Statement['impact']>, 'rows' | 'estimate' | 'because'>): string {
  if (rows !== null) return `${rows === 1 ? '1 row' : `${rows} rows`} when it was held`
  return `rows not known, for ${because}${estimate === null ? '' : `; the planner expects about ${estimate}`}`
}

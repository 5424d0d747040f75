import type { ReactNode } from 'react'
import classes from './data-table.module.css'

export interface Column<T> {
  readonly name: string
  readonly show: (row: T) => ReactNode
  readonly numeric?: true
  /** Its values are words that are not divided. */
  readonly unbroken?: true
  /** It takes the room that the others leave. */
  readonly rest?: true
}

interface DataTableProps<T> {
  readonly label: string
  readonly columns: readonly Column<T>[]
  readonly rows: readonly T[]
  readonly keyOf: (row: T) => string
}

/** A table, which scrolls inside itself where it needs more room; where the screen is narrow each row is a card, and each value has its column's name beside it. The roles are said because CSS takes them away there. */
export function DataTable<T>({ label, columns, rows, keyOf }: DataTableProps<T>) {
  return (
    <div className={classes.scroll}>
      <table className={classes.table} aria-label={label} role="table">
        <thead role="rowgroup">
          <tr role="row">
            {columns.map(({ name, numeric }) => (
              <th key={name} scope="col" role="columnheader" data-numeric={numeric}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={keyOf(row)} role="row">
              {columns.map(({ name, show, numeric, unbroken, rest }) => (
                <td key={name} role="cell" data-name={name} data-numeric={numeric} data-unbroken={unbroken} data-rest={rest}>
                  {show(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

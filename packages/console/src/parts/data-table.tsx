import type { ReactNode } from 'react'
import classes from './data-table.module.css'

export interface Column<T> {
  readonly name: string
  readonly show: (row: T) => ReactNode
  readonly numeric?: true
}

interface DataTableProps<T> {
  readonly label: string
  readonly columns: readonly Column<T>[]
  readonly rows: readonly T[]
  readonly keyOf: (row: T) => string
}

/** A table; where the screen is narrow each row is a card, and each value has its column's name beside it. The roles are said because CSS takes them away there. */
export function DataTable<T>({ label, columns, rows, keyOf }: DataTableProps<T>) {
  return (
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
            {columns.map(({ name, show, numeric }) => (
              <td key={name} role="cell" data-name={name} data-numeric={numeric}>
                {show(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

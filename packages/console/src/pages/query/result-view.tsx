import { Button } from '@mantine/core'
import { DownloadIcon } from '@radix-ui/react-icons'
import { useState } from 'react'
import { Dim } from '../../parts/dim.tsx'
import { download } from '../../parts/download.ts'
import { Seen } from '../../parts/seen.tsx'
import { CellView } from './cell-view.tsx'
import { csvOf } from './csv.ts'
import classes from './query.module.css'
import type { Columns, Result } from './run.ts'

/** More rows than a browser draws at once without a pause. */
const SHOWN_AT_ONCE = 500

interface ResultViewProps {
  readonly result: Result
  /** Of the file that is downloaded. */
  readonly name: string
  readonly running: boolean
}

/** What one statement gave: its rows, or what it says that it did. */
export function ResultView({ result, name, running }: ResultViewProps) {
  const { statement, columns, rows, tag, more, ms } = result
  return (
    <section className={classes.result} aria-label={`Result ${statement + 1}`}>
      <div className={classes.head}>
        <h2>Result {statement + 1}</h2>
        <Dim as="span">
          {tag === null ? (running ? 'it comes …' : 'it did not come to its end') : `${tag}, ${Math.round(ms)} ms`}
          {columns && `, ${rows.length} ${rows.length === 1 ? 'row' : 'rows'}`}
        </Dim>
        {more && <span className={classes.more}>More rows were left out.</span>}
        {columns && tag !== null && (
          <Button size="xs" variant="default" leftSection={<DownloadIcon />} className={classes.csv} onClick={() => download(name, fileOf(columns, rows))}>
            CSV
          </Button>
        )}
      </div>
      {columns && <Rows columns={columns} rows={rows} label={`Rows of result ${statement + 1}`} />}
    </section>
  )
}

const fileOf = (columns: Columns, rows: Result['rows']) =>
  new Blob(
    [
      csvOf(
        columns.map(({ name }) => name),
        rows,
      ),
    ],
    { type: 'text/csv;charset=utf-8' },
  )

function Rows({ columns, rows, label }: Pick<Result, 'rows'> & { readonly columns: Columns; readonly label: string }) {
  const [shown, setShown] = useState(SHOWN_AT_ONCE)
  const numeric = columns.map(({ type }) => NUMERIC.has(type.toLowerCase()))
  return (
    <>
      {/* It scrolls, so it has to be reachable by the keyboard. */}
      <div className={classes.scroll} tabIndex={0} role="group" aria-label={label}>
        <table className={classes.table}>
          <thead>
            <tr>
              {columns.map(({ name, type }, index) => (
                <th key={index} scope="col" data-numeric={numeric[index]}>
                  <Seen text={name} /> <span className={classes.type}>{type.toLowerCase()}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, shown).map((row, at) => (
              <tr key={at}>
                {row.map((cell, index) => (
                  <td key={index} data-numeric={numeric[index]}>
                    <CellView cell={cell} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > shown && (
        <div className={classes.foot}>
          <Dim as="span">
            Rows 1 to {shown} of {rows.length} are shown.
          </Dim>
          <Button size="xs" variant="default" onClick={() => setShown(shown + SHOWN_AT_ONCE)}>
            Show more
          </Button>
        </div>
      )}
    </>
  )
}

const NUMERIC: ReadonlySet<string> = new Set(['int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'money', 'oid', 'xid', 'xid8'])

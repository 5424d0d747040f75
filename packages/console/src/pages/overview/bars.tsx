import { Dim } from '../../parts/dim.tsx'
import classes from './overview.module.css'
import { Legend, type Tone } from './legend.tsx'

export interface Series<T> {
  readonly name: string
  readonly tone: Tone
  readonly of: (row: T) => number
}

interface BarsProps<T> {
  readonly label: string
  readonly rows: readonly T[]
  readonly nameOf: (row: T) => string
  /** What a row is, over its column in the table. */
  readonly rowName: string
  readonly series: readonly Series<T>[]
}

const HEIGHT = 100
/** Names under the bars: as many as fit on a phone. */
const NAMED = 6

/** Stacked bars, drawn by SVG of our own: a chart library is many times as large as everything that it would draw here. The table says the same. */
export function Bars<T>({ label, rows, nameOf, rowName, series }: BarsProps<T>) {
  const sums = rows.map((row) => series.reduce((sum, { of }) => sum + of(row), 0))
  const most = Math.max(1, ...sums)
  const every = Math.ceil(rows.length / NAMED)
  return (
    <div className={classes.chart}>
      {series.length > 1 && <Legend parts={series} />}
      <div>
        <Dim as="span" small aria-hidden>
          {most.toLocaleString()}
        </Dim>
        <svg
          className={classes.bars}
          viewBox={`0 0 ${rows.length} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`${label}: at most ${most}. The figures are in the table below.`}
        >
          {rows.map((row, column) => {
            let top = HEIGHT
            return series.map(({ name, tone, of }) => {
              const height = (of(row) / most) * HEIGHT
              top -= height
              return height > 0 ? <rect key={`${column} ${name}`} data-tone={tone} x={column + 0.1} width={0.8} y={top} height={height} /> : null
            })
          })}
        </svg>
        <div className={classes.names} data-all={every === 1 || undefined} aria-hidden="true">
          {rows.flatMap((row, index) => (index % every === 0 ? [<span key={nameOf(row)}>{nameOf(row)}</span>] : []))}
        </div>
      </div>
      <details>
        <summary>As a table</summary>
        <table className={classes.table}>
          <caption>{label}</caption>
          <thead>
            <tr>
              <th scope="col">{rowName}</th>
              {series.map(({ name }) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={nameOf(row)}>
                <th scope="row">{nameOf(row)}</th>
                {series.map(({ name, of }) => (
                  <td key={name}>{of(row).toLocaleString()}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </div>
  )
}

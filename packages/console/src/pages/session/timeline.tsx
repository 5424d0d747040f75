import { useMemo } from 'react'
import classes from './session.module.css'
import { clockOf } from './steps.tsx'
import { type Kind, kindOf, type Step } from './story.ts'

/** A column each: a session of any length is drawn with so many. */
const COLUMNS = 240
const HEIGHT = 40
/** What is to be noticed is drawn over what is not. */
const ORDER: readonly Kind[] = ['done', 'running', 'held', 'unknown', 'failed', 'denied']

interface TimelineProps {
  readonly from: number
  readonly until: number
  readonly at: number
  readonly steps: readonly Step[]
  readonly onSeek: (at: number) => void
}

/** When something was done, on the session's own time axis, and a slider over it. Who does not see it has the list below. */
export function Timeline({ from, until, at, steps, onSeek }: TimelineProps) {
  const columns = useMemo(() => columnsOf(from, until, steps), [from, until, steps])
  const place = ((at - from) / (until - from)) * COLUMNS
  return (
    <div className={classes.timeline}>
      <svg className={classes.marks} viewBox={`0 0 ${COLUMNS} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <rect className={classes.past} x={0} y={0} width={place} height={HEIGHT} />
        {columns.map(({ column, kind, share }) => (
          <rect key={column} data-kind={kind} x={column} width={1} y={HEIGHT - share * HEIGHT} height={share * HEIGHT} />
        ))}
        <line className={classes.needle} x1={place} x2={place} y1={0} y2={HEIGHT} />
      </svg>
      <input
        type="range"
        className={classes.slider}
        aria-label="Position"
        aria-valuetext={`${clockOf(at - from)} of ${clockOf(until - from)}`}
        min={from}
        max={until}
        step={Math.max(1, Math.round((until - from) / 1_000))}
        value={at}
        onChange={(event) => onSeek(Number(event.currentTarget.value))}
      />
    </div>
  )
}

function columnsOf(from: number, until: number, steps: readonly Step[]) {
  const columns = new Map<number, { count: number; kind: Kind }>()
  for (const step of steps) {
    const column = Math.min(COLUMNS - 1, Math.floor(((step.at - from) / (until - from)) * COLUMNS))
    const before = columns.get(column)
    const kind = kindOf(step)
    columns.set(column, { count: (before?.count ?? 0) + 1, kind: before && ORDER.indexOf(before.kind) > ORDER.indexOf(kind) ? before.kind : kind })
  }
  const most = Math.max(1, ...[...columns.values()].map(({ count }) => count))
  return [...columns].map(([column, { count, kind }]) => ({ column, kind, share: 0.35 + 0.65 * (count / most) }))
}

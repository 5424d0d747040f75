import { Empty } from '../../parts/states.tsx'
import { Legend, type Tone } from './legend.tsx'
import classes from './overview.module.css'

interface ShareProps {
  readonly label: string
  readonly parts: readonly { readonly name: string; readonly tone: Tone; readonly count: number }[]
}

/** Parts of a whole in one bar; the legend has the figures, so that nothing is said by colour or length alone. */
export function Share({ label, parts }: ShareProps) {
  const whole = parts.reduce((sum, { count }) => sum + count, 0)
  if (whole === 0) return <Empty title="Nothing ran" />
  const percent = (count: number) => `${((count / whole) * 100).toFixed(count > 0 && count / whole < 0.01 ? 2 : 0)} %`
  const told = parts.filter(({ count }) => count > 0).map((part) => ({ ...part, said: `${percent(part.count)} · ${part.count.toLocaleString()}` }))
  let at = 0
  return (
    <div className={classes.chart}>
      <svg
        className={classes.share}
        viewBox="0 0 100 4"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${label}: ${told.map(({ name, said }) => `${name} ${said}`).join(', ')}`}
      >
        {told.map(({ name, tone, count }) => {
          const width = (count / whole) * 100
          at += width
          return <rect key={name} data-tone={tone} x={at - width} width={width} y={0} height={4} />
        })}
      </svg>
      <Legend parts={told} />
    </div>
  )
}

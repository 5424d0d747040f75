import { useNow } from './clock.ts'
import { duration } from './durations.ts'

const LOCAL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const MINUTE_MS = 60_000

/** A moment in the reader's own time zone. */
export const Moment = ({ at }: { readonly at: string }) => (
  <time dateTime={at} title={at}>
    {LOCAL.format(Date.parse(at))}
  </time>
)

/** `3m ago`; the exact moment on hover. */
export function Ago({ at }: { readonly at: string }) {
  const past = useNow() - Date.parse(at)
  return (
    <time dateTime={at} title={LOCAL.format(Date.parse(at))}>
      {past < MINUTE_MS ? 'just now' : `${duration(past).split(' ')[0]} ago`}
    </time>
  )
}

/** `4m 10s left`, and that it is over once it is. */
export function Left({ until }: { readonly until: string }) {
  const left = Date.parse(until) - useNow()
  return (
    <time dateTime={until} title={LOCAL.format(Date.parse(until))}>
      {left > 0 ? `${duration(left)} left` : 'over'}
    </time>
  )
}

import { performance } from 'node:perf_hooks'

/** Wall time for what is written down, monotonic time for what is waited for: a clock that is set back prolongs nothing. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number
  /** Milliseconds that only ever grow. */
  monotonic(): number
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }

/** Node fires a timer of more than 2^31 − 1 ms at once, so a long one is made of shorter ones. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Calls `due` once, `ms` from now on the monotonic clock, however long that is. Returns the way to call it off. */
export function after(ms: number, due: () => void, clock: Clock): () => void {
  const end = clock.monotonic() + ms
  let timer: NodeJS.Timeout | undefined

  const arm = () => {
    const left = end - clock.monotonic()
    if (left <= 0) return due()
    timer = setTimeout(arm, Math.min(Math.ceil(left), LONGEST_TIMER_MS))
    return undefined
  }

  timer = setTimeout(arm, Math.min(Math.max(Math.ceil(ms), 0), LONGEST_TIMER_MS))
  return () => clearTimeout(timer)
}

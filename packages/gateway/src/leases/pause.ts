const FIRST_MS = 5_000
const LONGEST_MS = 5 * 60_000

/** When to try again after so many attempts, Unix milliseconds: for ever, but ever more seldom up to every five minutes. */
export function nextAttempt(attempts: number, now: number): number {
  return now + Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, attempts - 1))
}

/** Null is at once. A time further off than any pause was written by a clock that has been set back since. */
export function isDue(nextAt: number | null, now: number): boolean {
  return nextAt === null || nextAt <= now || nextAt > now + LONGEST_MS
}

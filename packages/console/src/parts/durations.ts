const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** `1h 30m`: the two largest units, as people say it. */
export function duration(ms: number): string {
  let rest = Math.max(0, Math.round(ms / 1_000) * 1_000)
  const parts: string[] = []
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size)
    if (count > 0 && parts.length < 2) parts.push(`${count}${unit}`)
    rest -= count * size
    if (parts.length === 2) break
  }
  return parts.join(' ') || '0s'
}

/** As the API takes it: whole, in the largest unit that says it exactly. */
export function exactDuration(ms: number): string {
  const [unit, size] = UNITS.find(([, each]) => ms % each === 0) ?? ['ms', 1]
  return `${ms / size}${unit}`
}

const CHOICES = [5, 15, 30, 60, 120, 240, 480].map((minutes) => minutes * 60_000)

/** What a reviewer is offered who may give `most` at most: that, and some shorter times. */
export const durationsUpTo = (most: number): readonly number[] => [...CHOICES.filter((ms) => ms < most), most]

import type { Side, SideName } from './side.ts'

/**
 * Measures every side once as a warm-up, and then `rounds` times in turn; whoever goes first differs from round to round.
 * So what else the machine does meets all of them. Returns the samples by side, in order.
 */
export async function inTurn<Sample>(
  sides: readonly Side[],
  rounds: number,
  measure: (side: Side) => Promise<Sample>,
  tell: (sample: Sample) => string,
  what: string,
): Promise<Partial<Record<SideName, Sample[]>>> {
  const samples: Partial<Record<SideName, Sample[]>> = {}
  for (const side of sides) await measure(side)
  for (let round = 0; round < rounds; round++) {
    for (const side of [...sides.slice(round % sides.length), ...sides.slice(0, round % sides.length)]) (samples[side.name] ??= []).push(await measure(side))
    const now = sides.map(({ name }) => {
      const sample = samples[name]?.at(-1)
      return `${name} ${sample === undefined ? '-' : tell(sample)}`
    })
    console.error(`${what}, round ${round + 1}: ${now.join(', ')}`)
  }
  return samples
}

/** One number out of each sample. */
export function pluck<Sample>(
  samples: Partial<Record<SideName, readonly Sample[]>>,
  of: (sample: Sample) => number,
): Partial<Record<SideName, readonly number[]>> {
  return Object.fromEntries(Object.entries(samples).map(([name, each]) => [name, each.map(of)]))
}

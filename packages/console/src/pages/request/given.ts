import type { Client } from '@countersign/contract/client'
import type { Request } from '@countersign/contract/schemas/request'
import { durationsUpTo, exactDuration } from '../../parts/durations.ts'

/** What a reviewer chose to give. Nothing in a bound is none but policy's. */
export type Choice =
  | { readonly width: 'once' }
  | { readonly width: 'shape'; readonly maxRows: number | null; readonly uses: number | null; readonly ms: number | null }
  | { readonly width: 'time'; readonly ms: number }

/** What can be chosen at first: exactly what was asked for. */
export function firstChoice({ ask }: Request): Choice {
  return ask.kind === 'scope' ? { width: 'time', ms: ask.durationMs } : { width: 'once' }
}

/** The widths that policy lets a reviewer give, narrowest first. */
export function widths({ ask, ceiling }: Request): readonly Choice['width'][] {
  if (ask.kind === 'scope') return ['time']
  const hasShape = ask.definition !== null && ask.fingerprint !== null && ask.statements.length === 1
  return ['once', ...(ceiling.kind !== 'once' && hasShape ? (['shape'] as const) : []), ...(ceiling.kind === 'duration' ? (['time'] as const) : [])]
}

/** The longest time that can be given; null where time is not what is given. */
export function longest({ ask, ceiling }: Request): number | null {
  if (ask.kind === 'scope') return ask.durationMs
  return ceiling.kind === 'duration' ? ceiling.durationMs : null
}

export const timesFor = (request: Request): readonly number[] => {
  const most = longest(request)
  return most === null ? [] : durationsUpTo(most)
}

/** The choice as the API takes it. */
export function bodyOf(choice: Choice): Pick<Parameters<Client['approve']>[0], 'shape' | 'for'> {
  switch (choice.width) {
    case 'once':
      return {}
    case 'time':
      return { for: exactDuration(choice.ms) }
    case 'shape':
      return {
        shape: {
          ...(choice.maxRows === null ? {} : { maxRows: choice.maxRows }),
          ...(choice.uses === null ? {} : { uses: choice.uses }),
          ...(choice.ms === null ? {} : { for: exactDuration(choice.ms) }),
        },
      }
  }
}

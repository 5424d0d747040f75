import { CheckCircledIcon, CircleBackslashIcon, ClockIcon } from '@radix-ui/react-icons'
import type { Explanation } from '@countersign/contract/schemas/policy'
import { Word } from '../../parts/word.tsx'

/** What a decision is, in a word or two. */
export function Effect({ decision: { effect, needs } }: { readonly decision: Pick<Explanation['decision'], 'effect' | 'needs'> }) {
  switch (effect) {
    case 'allow':
      return (
        <Word tone="good" icon={CheckCircledIcon}>
          runs
        </Word>
      )
    case 'review':
      return (
        <Word tone="waiting" icon={ClockIcon}>
          needs {needs ?? 'a review'}
        </Word>
      )
    case 'deny':
      return (
        <Word tone="bad" icon={CircleBackslashIcon}>
          never
        </Word>
      )
  }
}

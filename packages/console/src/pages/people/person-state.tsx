import { CheckCircledIcon, CircleBackslashIcon, ClockIcon } from '@radix-ui/react-icons'
import type { Person } from '@countersign/contract/schemas/passkey'
import { Word } from '../../parts/word.tsx'
import { disablers } from './words.ts'

/** Whether somebody may do anything, and who has said that he may not. */
export function PersonState({ person }: { readonly person: Person }) {
  if (!person.active)
    return (
      <Word tone="bad" icon={CircleBackslashIcon}>
        disabled by {disablers(person).join(' and ')}
      </Word>
    )
  if (person.adminWaits)
    return (
      <Word tone="waiting" icon={ClockIcon}>
        no admin yet
      </Word>
    )
  return (
    <Word tone="good" icon={CheckCircledIcon}>
      active
    </Word>
  )
}

import type { RequestStatus } from '@countersign/contract/schemas/request'
import { CheckCircledIcon, ClockIcon, CounterClockwiseClockIcon, CrossCircledIcon, ResetIcon } from '@radix-ui/react-icons'
import { Word } from './word.tsx'

const TONES = { pending: 'waiting', approved: 'good', denied: 'bad', withdrawn: 'dim', expired: 'dim' } as const
const ICONS = { pending: ClockIcon, approved: CheckCircledIcon, denied: CrossCircledIcon, withdrawn: ResetIcon, expired: CounterClockwiseClockIcon } as const

/** The state of a request. */
export function Status({ status }: { readonly status: RequestStatus }) {
  return (
    <Word tone={TONES[status]} icon={ICONS[status]} unbroken>
      {status}
    </Word>
  )
}

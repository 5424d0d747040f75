import type { RequestStatus } from '@countersign/contract/schemas/request'
import { CheckCircledIcon, ClockIcon, CounterClockwiseClockIcon, CrossCircledIcon, ResetIcon } from '@radix-ui/react-icons'
import classes from './status.module.css'

const TONES = { pending: 'waiting', approved: 'good', denied: 'bad', withdrawn: 'dim', expired: 'dim' } as const
const ICONS = { pending: ClockIcon, approved: CheckCircledIcon, denied: CrossCircledIcon, withdrawn: ResetIcon, expired: CounterClockwiseClockIcon } as const

/** The state of a request: icon, word and colour say the same. */
export function Status({ status }: { readonly status: RequestStatus }) {
  const Icon = ICONS[status]
  return (
    <span className={classes.status} data-tone={TONES[status]}>
      <Icon />
      {status}
    </span>
  )
}

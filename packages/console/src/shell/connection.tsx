import { Alert } from '@mantine/core'
import { ExclamationTriangleIcon } from '@radix-ui/react-icons'
import { useLiveness } from '../api/live.ts'
import classes from './connection.module.css'

const WORDS = { connecting: 'connecting', live: 'live', lost: 'not connected' } as const

/** Whether what is on the screen is kept true. */
export function Connection() {
  const liveness = useLiveness()
  return (
    <span className={classes.connection} data-state={liveness}>
      {WORDS[liveness]}
    </span>
  )
}

/** Above the page while the gateway does not answer; it goes by itself. */
export function ConnectionLost() {
  const liveness = useLiveness()
  return (
    <div role="status">
      {liveness === 'lost' && (
        <Alert color="yellow" variant="outline" icon={<ExclamationTriangleIcon />} className={classes.lost} title="No connection to the gateway">
          What you see may be old. It is tried again by itself.
        </Alert>
      )}
    </div>
  )
}

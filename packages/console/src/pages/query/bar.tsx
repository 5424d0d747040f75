import { Button, Kbd } from '@mantine/core'
import { PlayIcon, StopIcon } from '@radix-ui/react-icons'
import { useLiveness } from '../../api/live.ts'
import classes from './query.module.css'
import type { Run } from './use-run.ts'

interface BarProps {
  readonly run: Run
  /** There is something to run, and a resource to run it on. */
  readonly ready: boolean
  /** Why it did not begin. */
  readonly note: string
  readonly onRun: () => void
  readonly onExplain: () => void
  readonly onStop: () => void
}

/** What can be done with the text, and how far that is. */
export function Bar({ run, ready, note, onRun, onExplain, onStop }: BarProps) {
  const lost = useLiveness() === 'lost'
  const running = run.state === 'running'
  const disabled = !ready || lost || running
  return (
    <div className={classes.bar}>
      <Button leftSection={<PlayIcon />} disabled={disabled} onClick={onRun}>
        Run
      </Button>
      <Button variant="default" disabled={disabled} onClick={onExplain}>
        Explain
      </Button>
      {running && (
        <Button variant="default" leftSection={<StopIcon />} onClick={onStop}>
          Stop
        </Button>
      )}
      <span role="status" className={classes.state}>
        {note || stateOf(run, lost)}
      </span>
      <span className={classes.keys}>
        <Kbd>{IS_APPLE ? '⌘' : 'Ctrl'}</Kbd> <Kbd>Enter</Kbd> runs it
      </span>
    </div>
  )
}

const IS_APPLE = /Mac|iPhone|iPad/.test(navigator.userAgent)

function stateOf({ state, error }: Run, lost: boolean): string {
  if (state === 'running') return 'It runs …'
  if (state === 'stopped') return 'Stopped.'
  if (lost) return 'No connection to the gateway.'
  if (state === 'ended') return error ? '' : 'Done.'
  return ''
}

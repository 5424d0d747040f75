import { Alert } from '@mantine/core'
import { ExclamationTriangleIcon } from '@radix-ui/react-icons'
import { Dim } from '../../parts/dim.tsx'
import { Failed } from '../../parts/states.tsx'
import { FailedStatement } from './failed-statement.tsx'
import { HeldRequest } from './held-request.tsx'
import { Notice } from './notice.tsx'
import classes from './query.module.css'
import { ResultView } from './result-view.tsx'
import type { Item } from './run.ts'
import type { Run } from './use-run.ts'

interface ItemsProps {
  readonly run: Run
  /** Names what is downloaded. */
  readonly resource: string
  /** What ran, and where in it the fault is. */
  readonly text: string
  readonly offset: number | null
  readonly onGoTo: (offset: number) => void
}

/** What became of a run, in its order: results, notices, what is held, and what failed. */
export function Items({ run, resource, text, offset, onGoTo }: ItemsProps) {
  const { items, error, state } = run
  return (
    <div className={classes.items}>
      {items.map((item, index) => (
        <div key={index} className={classes.item}>
          {item.kind === 'result' && <ResultView result={item} name={`${resource}-${item.statement + 1}.csv`} running={state === 'running'} />}
          {item.kind === 'notice' && <Notice notice={item} />}
          {item.kind === 'failed' && <FailedStatement failure={item} text={text} offset={offset} onGoTo={onGoTo} />}
          {isNewRequest(items, index) && <HeldRequest id={requestOf(item) ?? ''} waits={state === 'running'} />}
        </div>
      ))}
      {error && items.length === 0 && <Failed error={error} />}
      {error && items.length > 0 && (
        <Alert role="alert" color="red" variant="outline" icon={<ExclamationTriangleIcon />} title="This is not all of it">
          {error.message}. Look at the session before you run it again: what was sent may have run.
        </Alert>
      )}
      {state === 'stopped' && <Dim>You stopped it. What ran before stays as it is, and a statement that ran then may have come to its end.</Dim>}
    </div>
  )
}

/** A request is shown once, where it is first spoken of; it changes there by itself. */
function isNewRequest(items: readonly Item[], index: number): boolean {
  const request = requestOf(items[index])
  return request !== null && items.findIndex((item) => requestOf(item) === request) === index
}

const requestOf = (item: Item | undefined): string | null => (item === undefined || item.kind === 'result' ? null : item.request)

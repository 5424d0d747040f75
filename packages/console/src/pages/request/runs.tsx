import type { Run, RequestContext } from '@countersign/contract/schemas/request-context'
import { Dim } from '../../parts/dim.tsx'
import { Result, TargetAnswer } from '../../parts/result.tsx'
import { Seen } from '../../parts/seen.tsx'
import { Moment } from '../../parts/times.tsx'
import classes from './request-view.module.css'
import { SessionLink } from './session-link.tsx'

/** As many are counted. */
const MOST = 10_000

interface RunsProps extends Pick<RequestContext, 'runs'> {
  /** Whoever has a session may open it; so do admins and auditors. */
  readonly mayOpen: boolean
  /** Something may still run. */
  readonly isLive: boolean
}

/** What ran under the grants of a request, and what it did. */
export function Runs({ runs: { count, latest }, mayOpen, isLive }: RunsProps) {
  if (count === 0) return <p>{isLive ? 'Nothing has run under it yet.' : 'Nothing ran under it.'}</p>
  return (
    <>
      <p>
        {timesOf(count)}
        {count > latest.length && ` The newest ${latest.length}:`}
      </p>
      <ul className={classes.list} aria-label="What ran">
        {latest.map((run) => (
          <OneRun key={run.run} run={run} mayOpen={mayOpen} />
        ))}
      </ul>
    </>
  )
}

function OneRun({ run, mayOpen }: { readonly run: Run; readonly mayOpen: boolean }) {
  const { session, startedAt, result, summary, rows, ms } = run
  return (
    <li className={classes.run}>
      <div className={classes.ran}>
        <Result is={result} />
        {result !== 'unknown' && <TargetAnswer summary={summary ?? ''} rows={rows} ms={ms} />}
        <Dim as="span">
          <Moment at={startedAt} />
        </Dim>
        <Dim as="span">
          session <SessionLink id={session} mayOpen={mayOpen} />
        </Dim>
      </div>
      <Trouble run={run} />
    </li>
  )
}

/** What the target said of a failure, and what nobody can say. */
function Trouble({ run: { result, summary, error, sealed, gateway } }: { readonly run: Run }) {
  if (result === 'unknown')
    return (
      <Dim>
        Nobody knows whether it happened: <Seen text={summary ?? 'no outcome was recorded'} />. Nothing repeats it by itself.
      </Dim>
    )
  if (error !== null)
    return (
      <p className={classes.quote}>
        <Seen text={error} />
      </p>
    )
  if (sealed)
    return (
      <Dim>
        What the target said cannot be read here: it was erased, or is sealed at gateway <code>{gateway}</code>.
      </Dim>
    )
  return null
}

function timesOf(count: number): string {
  if (count === 1) return 'It ran once.'
  return count >= MOST ? `It ran ${MOST} times or more.` : `It ran ${count} times.`
}

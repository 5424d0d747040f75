import { Link } from '@tanstack/react-router'
import { Result, TargetAnswer } from '../../parts/result.tsx'
import { Rows } from '../../parts/rows.tsx'
import { Seen } from '../../parts/seen.tsx'
import { shortId } from '../request/rules.ts'
import classes from './session.module.css'
import { kindOf, type Step } from './story.ts'

/** What is shown of one statement; the rest is one click away in the recording. */
const LONGEST = 4_000

interface StepsProps {
  readonly label: string
  readonly steps: readonly Step[]
  /** When the session began: times are told from there. */
  readonly from: number
  /** Up to where a replay has come: what is later is dim, and what is last is marked. */
  readonly until?: { readonly at: number; readonly last: number | null; readonly onChoose: (at: number) => void }
}

/** What a session did, one statement after the other. */
export function Steps({ label, steps, from, until }: StepsProps) {
  return (
    <Rows label={label} ordered>
      {steps.map((step) => (
        <li
          key={step.index}
          id={`step-${step.index}`}
          data-later={until && step.at > until.at ? 'true' : undefined}
          aria-current={until?.last === step.index ? 'step' : undefined}
          className={classes.step}
        >
          {until ? (
            <button type="button" className={classes.seek} onClick={() => until.onChoose(step.at)} aria-label={`Go to ${clockOf(step.at - from)}`}>
              {clockOf(step.at - from)}
            </button>
          ) : (
            <time dateTime={new Date(step.at).toISOString()} className={classes.clock}>
              {clockOf(step.at - from)}
            </time>
          )}
          <What step={step} />
        </li>
      ))}
    </Rows>
  )
}

function What({ step }: { readonly step: Step }) {
  const { told, end } = step
  const requests = told.line === 'started' ? (told.requests ?? []) : told.request === undefined ? [] : [told.request]
  return (
    <div className={classes.what}>
      <pre className={classes.sql} tabIndex={-1}>
        <Text text={told.text} />
      </pre>
      <div className={classes.facts}>
        <Result is={kindOf(step)} />
        <span>{told.action}</span>
        {end && <TargetAnswer {...end} />}
        {told.line === 'started' && told.observed !== undefined && <span>observed: {told.observed}</span>}
        {told.policies.length > 0 && <span>{told.policies.join(', ')}</span>}
        {requests.map((id) => (
          <Link key={id} to="/r/$id" params={{ id: shortId(id) }}>
            {id}
          </Link>
        ))}
      </div>
      {end?.error !== undefined && (
        <p className={classes.error}>
          <Seen text={end.error} />
        </p>
      )}
    </div>
  )
}

/** A statement that is held is told by its request, which has its text. */
function Text({ text }: { readonly text: Step['told']['text'] }) {
  if (text === undefined) return <i>waits for review</i>
  if (text === null) return <i>sealed for a person, or erased</i>
  if (typeof text === 'string' && text.length <= LONGEST) return <Seen text={text} />
  const [beginning, bytes] = typeof text === 'string' ? [text, new TextEncoder().encode(text).length] : [text.beginning, text.bytes]
  return (
    <>
      <Seen text={beginning.slice(0, LONGEST)} />
      <i> … of {bytes} bytes</i>
    </>
  )
}

/** `1:02:03`, and tenths of a second: statements are quick. */
export function clockOf(ms: number): string {
  const tenths = Math.max(0, Math.floor(ms / 100))
  const [hours, minutes, seconds] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60, Math.floor(tenths / 10) % 60]
  const two = (value: number) => String(value).padStart(2, '0')
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds)}.${tenths % 10}`
}

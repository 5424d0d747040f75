import type { Parameter } from '@countersign/core/action'
import { canonical } from '@countersign/ledger/canonical'
import { type Outcome, UNANSWERED } from '../adapters/adapter.ts'
import type { ActionEvent, JsonValue } from '../journal/journal.ts'
import { isShort, objectsOf, type Secretive, secretOf } from './sealed.ts'

/*
 * What every statement leaves in the ledger, in canonical JSON (RFC 8785). The members are known, so they are written in
 * their order instead of being sorted each time; a property test holds each of these against the general writer.
 */

/** The body of `action.started` in two parts, between which the run stands; all else is the same for every run of a statement. */
export interface StartedBody {
  readonly before: string
  readonly after: string
}

/** `what` is everything but the session and the run; its members must sort before these. */
export function startedBody(what: Readonly<Record<string, JsonValue>>, session: string): StartedBody {
  return { before: `${canonical(what).slice(0, -1)},"run":`, after: `,"session":${canonical(session)}}` }
}

export const startedWith = ({ before, after }: StartedBody, run: string): string => `${before}"${run}"${after}`

/** The body of `action.finished`. */
export function finishedBody({ run, result, summary, rows, bytes, ms, sent }: Omit<Outcome, 'error'>, session: string): string {
  const received = sent === null ? '' : `,"sent":{"bytes":${sent.bytes},"sha256":"${sent.sha256}"}`
  const answer = `{"bytes":${bytes},"ms":${ms},"result":"${result}","rows":${rows},"run":"${run}"`
  return `${answer}${received},"session":"${session}","summary":${canonical(summary.toWellFormed())}}`
}

/** Of a run whose start is recorded, and which was refused behind it. */
export function notForwarded(run: string, session: string): ActionEvent {
  return { type: 'action.finished', body: finishedBody({ ...UNANSWERED, run, result: 'failed', summary: 'not forwarded', sent: null }, session), secret: null }
}

/** The secret of `action.finished`: none for what did not fail. */
export const finishedSecret = ({ error }: Pick<Outcome, 'error'>): string | null => (error === null ? null : `{"error":${canonical(error.toWellFormed())}}`)

/** The secret of `action.started`, as `secretOf` has it. */
export function secretText(action: Secretive): string {
  if (!isShort(action)) return canonical(secretOf(action))
  const { text, parameters, statements } = action
  const objects = objectsOf(statements)
  const named = objects.length === 0 ? '' : `"objects":[${objects.map((object) => canonical(object)).join(',')}],`
  const list = parameters.length === 0 ? '' : `"parameters":[${parameters.map(parameterText).join(',')}],`
  return `{${named}${list}"text":${canonical(text)}}`
}

function parameterText({ format, type, value, withheld }: Parameter): string {
  return `{"format":"${format}","type":${type},"value":${canonical(value)}${withheld ? ',"withheld":true' : ''}}`
}

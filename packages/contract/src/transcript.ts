import type { Begin, Decided, End, Finished, RecordedParameter, RecordingLine, Started } from './schemas/recording.ts'
import { visible, visibleLines } from './visible.ts'

/** A piece of a transcript, safe for a terminal: when it happened, Unix milliseconds, and its lines. */
export interface Piece {
  readonly at: number
  readonly lines: readonly string[]
}

const INDENT = ' '.repeat(14)

/** A recording for people, piece by piece. Everything in it was typed by somebody, or came out of a database: `visible` disarms it. */
export function pieceOf(line: RecordingLine): Piece {
  return { at: line.at, lines: linesOf(line) }
}

function linesOf(line: RecordingLine): readonly string[] {
  switch (line.line) {
    case 'begin':
      return beginLines(line)
    case 'started':
      return [...statement(line, line.action, line.text), ...parameterLines(line), ...notes(line)]
    case 'finished':
      return [INDENT + visible(outcome(line))]
    case 'decided':
      return decidedLines(line)
    case 'end':
      return [endLine(line)]
  }
}

function beginLines({ session, principal, resource, database, client, at, reason, ticket, grant }: Begin): readonly string[] {
  const where = database === null ? resource : `${resource}/${database}`
  const why = [reason && `reason: ${reason}`, ticket && `ticket: ${ticket}`, grant && `grant: ${grant}`].filter(Boolean).join(' · ')
  return [visible(`${session} · ${principal} on ${where} from ${client} · ${day(at)}`), ...(why === '' ? [] : [visible(why)])]
}

function statement({ at }: { readonly at: number }, what: string, text: Started['text']): readonly string[] {
  const [first = '', ...rest] = visibleLines(whole(text))
  return [`${clock(at)}  ${visible(what)}  ${first}`, ...rest.map((each) => INDENT + each)]
}

function parameterLines({ parameters }: Started): readonly string[] {
  if (parameters === undefined) return []
  if (parameters === 'withheld') return [`${INDENT}parameters are withheld`]
  if (typeof parameters === 'number') return [`${INDENT}${parameters} ${parameters === 1 ? 'parameter is' : 'parameters are'} withheld`]
  if (!Array.isArray(parameters)) return [INDENT + visible(`parameters: ${whole(parameters)}`)]
  return parameters.map((parameter, index) => INDENT + visible(`$${index + 1} = ${valueOf(parameter)}`))
}

function valueOf({ value, format, withheld }: RecordedParameter): string {
  if (withheld) return '(withheld)'
  return `${value ?? 'NULL'}${format === 'binary' ? ' (binary)' : ''}`
}

function notes({ requests = [], observed }: Started): readonly string[] {
  if (observed !== undefined) return [INDENT + visible(`observed: policy would have said ${observed}`)]
  return requests.length > 0 ? [INDENT + visible(`approved: ${requests.join(', ')}`)] : []
}

function decidedLines(line: Decided): readonly string[] {
  const policies = line.policies.length > 0 ? ` by ${line.policies.join(', ')}` : ''
  if (line.effect !== 'deny') return [`${clock(line.at)}  ${visible(`held as ${line.request ?? 'a request'}${policies}`)}`]
  return [...statement(line, line.action, line.text ?? null), INDENT + visible(`denied${policies}`)]
}

function outcome({ result, summary, rows, bytes, ms, error, sent }: Finished): string {
  const said = result === 'unknown' ? `outcome unknown: ${summary}` : summary
  const parts = [
    result === 'failed' ? `ERROR ${said}${error === undefined ? '' : `: ${error}`}` : said,
    rows === null ? null : `${rows} ${rows === 1 ? 'row' : 'rows'}`,
    bytes === null || bytes === 0 ? null : size(bytes),
    sent === undefined ? null : `${size(sent.bytes)} sent in`,
    ms === null ? null : `${ms} ms`,
  ]
  return `-> ${parts.filter((part) => part !== null).join(' · ')}`
}

function endLine({ at, reason, statements, failed, rows, answered }: End): string {
  const count = `${statements} ${statements === 1 ? 'statement' : 'statements'}${failed > 0 ? `, ${failed} not done` : ''}`
  return `${clock(at)}  ended: ${visible(reason)} · ${count} · ${rows} rows, ${size(answered)}`
}

function whole(text: Started['text']): string {
  if (text === null) return '(personal, or erased)'
  return typeof text === 'string' ? text : `${text.beginning} (… ${text.bytes} bytes in all, SHA-256 ${text.sha256})`
}

/** `940 B`, `1.2 KiB`, `3.4 MiB`. */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const unit = Math.min(Math.floor(Math.log2(bytes) / 10), 4)
  return `${(bytes / 1024 ** unit).toFixed(1)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][unit]}`
}

const day = (at: number) => `${new Date(at).toISOString().slice(0, 10)} ${clock(at)} UTC`
const clock = (at: number) => new Date(at).toISOString().slice(11, 23)

import type { Grant } from '@countersign/contract/schemas/grant'
import type { Request } from '@countersign/contract/schemas/request'
import { visible } from '@countersign/contract/visible'

/** Where a list would wrap; `show ID` prints the whole. */
const LIST_WIDTH = 60

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const

/** `12m`, `1h 5m`, `40d`: the two largest units, rounded down. */
export function duration(ms: number): string {
  const first = UNITS.findIndex(([, size]) => ms >= size)
  if (first === -1) return '0s'
  const [, size] = UNITS[first] ?? ['s', 1000]
  const parts = UNITS.slice(first, first + 2).map(
    ([unit, each], index) => [index === 0 ? Math.floor(ms / each) : Math.floor((ms % size) / each), unit] as const,
  )
  return parts.flatMap(([count, unit]) => (count > 0 ? [`${count}${unit}`] : [])).join(' ')
}

/** An ISO timestamp in local time: `15:02` today, `2026-11-24 15:02` on another day. */
export function moment(iso: string, now = new Date()): string {
  const date = new Date(iso)
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}`
  return date.toDateString() === now.toDateString() ? time : `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${time}`
}

const pad = (value: number) => String(value).padStart(2, '0')

/** `15:02 (in 12m)`, or `15:02 (12m ago)`. */
export function countdown(iso: string, now = new Date()): string {
  const left = Date.parse(iso) - now.getTime()
  return `${moment(iso, now)} (${left >= 0 ? `in ${duration(left)}` : `${duration(-left)} ago`})`
}

/** What is asked for, short enough for a list. */
export function askLine({ ask }: Pick<Request, 'ask'>): string {
  if (ask.kind === 'scope') return `${ask.scope} for ${duration(ask.durationMs)}`
  return shorten(ask.statements.length > 1 ? `${ask.statements.length} statements: ${ask.text}` : ask.text)
}

/** One line of a list: white space runs together, and the end is cut where it would wrap. */
export function shorten(text: string): string {
  const line = text.replace(/[ \t\r\n]+/g, ' ').trim()
  return line.length > LIST_WIDTH ? `${line.slice(0, LIST_WIDTH - 1).toWellFormed()}…` : line
}

/** What became of a request, in one line: `req-7kq2 approved by bob@example.com: "matches INC-7"`. */
export function outcomeLine(request: Request): string {
  const verdict = request.status === 'denied' ? 'deny' : 'approve'
  const reviews = request.reviews
    .filter((review) => review.verdict === verdict && !review.lapsed)
    .map(({ reviewer, comment, unproven }) => `${reviewer.id}${unproven ? ' (unproven)' : ''}${comment === null ? '' : `: "${comment}"`}`)
  const by = reviews.length > 0 && ['approved', 'denied'].includes(request.status) ? ` by ${reviews.join(', ')}` : ''
  if (request.status === 'pending')
    return visible(`${request.id} pending: needs ${request.needs.missing ?? request.needs.text}, expires ${countdown(request.expiresAt)}`)
  return visible(`${request.id} ${request.status}${by || (request.status === 'approved' ? ' by policy' : '')}`)
}

/** How a grant ends: `15:02 (in 12m), 1 use left`, or when and why it did. One that is used up and still live lets the session run on that was opened with it. */
export function grantEnd({ status, usesLeft, endsAt, endedAt, endReason }: Pick<Grant, 'status' | 'usesLeft' | 'endsAt' | 'endedAt' | 'endReason'>): string {
  if (status !== 'active') return `${status}${endedAt === null ? '' : ` ${moment(endedAt)}`}${endReason === null ? '' : `: ${endReason}`}`
  return `${countdown(endsAt)}${usesLeft === null ? '' : usesLeft === 0 ? ', in use' : `, ${usesLeft} ${usesLeft === 1 ? 'use' : 'uses'} left`}`
}

import type { Statement } from '@countersign/core/action'
import { formatDuration, type GivenShape } from '@countersign/core/coverage'
import { describeRows } from '@countersign/core/impact'
import { describeNeed, missing, describeRequirement } from '@countersign/core/need'
import type { Grant } from '@countersign/core/grant'
import { principalId } from '@countersign/core/principal'
import { approvers, givenTogether, type Request } from '@countersign/core/request'
import type { Notice, Refusal, RefusalCode } from '../adapters/adapter.ts'

/** What a client is told, in words that are the same in every protocol. */

/** Where a person opens the request. */
export function linkTo(url: string, { id }: Request): string {
  return `${url}/r/${id.replace(/^req-/, '')}`
}

export function heldNotice(url: string, request: Request, stillHeld: boolean): Notice {
  const left = missing(request.need, approvers(request.reviews)).map(describeRequirement).join(' and ')
  const what = request.ask.kind === 'action' ? describeAction(request) : `${request.ask.scope} for ${formatDuration(request.ask.ms)}`
  return {
    message: `${stillHeld ? 'still held' : 'held'} ${request.id}: needs ${left || describeNeed(request.need)}`,
    detail: `${request.policies.join(', ')}: ${what}. Expires ${timeOfDay(request.expiresAt)}.`,
    hint: `${linkTo(url, request)} · Ctrl-C withdraws · disconnected? run the same statement again`,
  }
}

export function approvedNotice(request: Request): Notice {
  const said = request.reviews
    .filter(({ verdict, lapsed }) => verdict === 'approve' && !lapsed)
    .map(({ reviewer, comment, proven }) => `${principalId(reviewer)}${proven ? '' : ' (unproven)'}${comment ? `: "${comment}"` : ''}`)
  return { message: `${request.id} approved by ${said.join(', ') || 'policy'}; ${describeGiven(request)}`, detail: null, hint: null }
}

/** A reviewer may give less than was asked, or more than this once. */
function describeGiven(request: Request): string {
  const given = givenTogether(request)
  switch (given.kind) {
    case 'once':
      return 'running once'
    case 'shape':
      return `running, and its like${describeBounds(given)}`
    case 'duration':
      return `${request.ask.kind === 'scope' ? request.ask.scope : request.ask.action.type} for ${formatDuration(given.ms)}`
  }
}

function describeBounds({ maxRows, uses, ms, until }: GivenShape): string {
  return [
    maxRows === null ? '' : ` of ${maxRows} ${maxRows === 1 ? 'row' : 'rows'} at most`,
    uses === null ? '' : `, ${describeUses(uses)}`,
    ms === null ? '' : `, for ${formatDuration(ms)}`,
    until === null ? '' : `, until ${timeOfDay(until)}`,
  ].join('')
}

const describeUses = (uses: number) => (uses === 1 ? '1 use' : `${uses} uses`)

/** Nobody is asked, because the shape is approved. The grant is as it was before this use of it. */
export function shapeNotice({ id, approvers: by, usesLeft, endsAt }: Grant): Notice {
  const left = usesLeft === null ? '' : `${describeUses(usesLeft - 1)} left, `
  return {
    message: `running under ${id}: its shape was approved by ${by.map(({ user }) => user).join(', ')}; ${left}ends ${timeOfDay(endsAt)}`,
    detail: null,
    hint: null,
  }
}

/** An approval that would have covered what the client waits for. */
export function voidNotice(grant: string, why: string): Notice {
  return { message: `${grant} is void: ${why}`, detail: null, hint: null }
}

/** The end of a request that was not approved, as an error for whoever waited. */
export function decidedRefusal(url: string, request: Request): Refusal {
  const review = request.reviews.find(({ verdict }) => verdict === 'deny')
  switch (request.status) {
    case 'denied':
      return refusal(
        'denied',
        `${request.id} denied by ${review ? principalId(review.reviewer) : 'a reviewer'}${review?.comment ? `: "${review.comment}"` : ''}`,
        linkTo(url, request),
      )
    case 'expired':
      return refusal('expired', `${request.id} expired: nobody decided in time`, 'Run the statement again to ask again.')
    case 'withdrawn':
      return refusal('withdrawn', `${request.id} withdrawn`, 'Run the statement again to ask again.')
    case 'approved':
      return refusal('withdrawn', `${request.id} was approved at that very moment; it did not run`, 'Run the same statement again, and it goes through.')
    case 'pending':
      return refusal('unavailable', `${request.id} is ${request.status}`, null)
  }
}

/** Nobody has decided, and this client is not kept waiting. */
export function pendingRefusal(url: string, request: Request, why: string): Refusal {
  return refusal(
    'pending',
    `held ${request.id}: ${why}`,
    `${linkTo(url, request)} · once it is approved, run the same statement again`,
    `Needs ${describeNeed(request.need)}. Expires ${timeOfDay(request.expiresAt)}.`,
  )
}

/** What to do about a denial. */
export function denialHint(policies: readonly string[], statements: readonly Statement[]): string {
  if (policies.length === 0) return 'No policy permits this; ask an administrator, or see `countersign policy explain`.'
  if (statements.some(({ type, facts }) => type === 'sql:write' && facts.unbounded)) return 'Add a WHERE that names the rows.'
  return 'The policy that refuses is named; ask its owners, or change the statement.'
}

export function refusal(code: RefusalCode, message: string, hint: string | null, detail: string | null = null): Refusal {
  return { effect: 'refuse', code, message, detail, hint }
}

function describeAction({ ask }: Request): string {
  if (ask.kind !== 'action') return ''
  const verb = ask.action.type.replace(/^sql:/, '')
  const tables = [...new Set(ask.action.statements.flatMap(({ facts }) => facts.tables))]
  const { impact, statements } = ask.action
  const rows = impact === undefined && statements.every(({ facts }) => facts.rowsKnown) ? '' : `, ${describeRows(impact)}`
  const several = statements.length > 1 ? `${statements.length} statements, ` : ''
  return `${several}${verb}${tables.length > 0 ? ` on ${tables.join(', ')}` : ''}${rows}`
}

/** `14:41 UTC`, with the date when it is another day's. */
function timeOfDay(at: number): string {
  const iso = new Date(at).toISOString()
  return iso.slice(0, 10) === new Date().toISOString().slice(0, 10) ? `${iso.slice(11, 16)} UTC` : `${iso.slice(0, 16).replace('T', ' ')} UTC`
}

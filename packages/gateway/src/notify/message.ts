import { visible } from '@countersign/contract/visible'
import type { Action } from '@countersign/core/action'
import { describeCoverage, formatDuration } from '@countersign/core/coverage'
import type { Grant } from '@countersign/core/grant'
import { approvers, type Request } from '@countersign/core/request'
import { describeRequirement, missing } from '@countersign/core/need'
import type { NotificationKind } from '@countersign/core/notification'
import { principalId } from '@countersign/core/principal'

/** A name is shown up to here; policy and configuration allow longer ones. */
const MAX_NAME = 100
/** How many of the things that wait are named in one message. */
const MAX_NAMED = 10

/**
 * What somebody is told. It goes where others may read it (mailboxes, push services' devices, chat rooms), and stays there: so it says who asks for which type
 * of action where, and never the action's text, a parameter, a reason, a ticket or a comment (decision 37).
 */
export interface Message {
  readonly kind: NotificationKind | 'trial'
  /** The same for what is told of the same thing again. */
  readonly tag: string
  /** On one line, of words and names that nobody but an operator chose. */
  readonly title: string
  /** A label and a value on one line, in which all can be seen. */
  readonly facts: readonly (readonly [label: string, value: string])[]
  /** Of a message about several things: where each is opened, and its own title. */
  readonly each: readonly (readonly [path: string, title: string])[]
  /** Where it is opened, on the gateway's own address. */
  readonly path: string
  /** After that it is of no use; null: it always is. */
  readonly until: number | null
}

/** One thing to be told, for people and for programs. */
export interface Item extends Message {
  readonly kind: NotificationKind
  /** Of a webhook: `type` names the event, the rest is its data. */
  readonly event: { readonly type: string; readonly [key: string]: unknown }
}

/** It waits for `reviewers`, of whom each is told alone. */
export function reviewItem(request: Request, reviewers: readonly string[]): Item {
  const needs = missing(request.need, approvers(request.reviews)).map(describeRequirement).join(' and ')
  return {
    kind: 'review',
    tag: request.id,
    title: visible(`${request.id} waits for your review: ${whatOf(request)} on ${request.resource}`),
    facts: [
      ['Who asks', shown(principalId(request.requester))],
      ['Needs', shown(needs)],
      ['Expires', timeOf(request.expiresAt)],
    ],
    each: [],
    path: pathOf(request.id),
    until: request.expiresAt,
    event: { type: 'request.waiting', ...aboutRequest(request), needs, reviewers },
  }
}

export function decidedItem(request: Request): Item {
  const by = request.reviews.filter(({ lapsed }) => !lapsed).map(({ reviewer }) => principalId(reviewer))
  const outcome = request.status === 'expired' ? 'expired: nobody decided in time' : `was ${request.status}`
  return {
    kind: 'decided',
    tag: request.id,
    title: visible(`${request.id} ${outcome} (${whatOf(request)} on ${request.resource})`),
    facts: by.length === 0 ? [] : [['Reviewed by', shown(by.join(', '))]],
    each: [],
    path: pathOf(request.id),
    until: null,
    event: { type: `request.${request.status}`, ...aboutRequest(request), by },
  }
}

export function grantItem(grant: Grant, kind: 'ending' | 'revoked'): Item {
  const what = kind === 'ending' ? `ends at ${timeOf(grant.endsAt)}` : 'was taken back'
  return {
    kind,
    tag: grant.id,
    title: visible(`your access to ${grant.resource} ${what}`),
    facts: [
      ['Grant', grant.id],
      ['Covers', shown(describeCoverage(grant.coverage))],
    ],
    each: [],
    path: pathOf(grant.request ?? grant.id),
    until: kind === 'ending' ? grant.endsAt : null,
    event: {
      type: `grant.${kind}`,
      grant: grant.id,
      request: grant.request,
      subject: principalId(grant.subject),
      resource: grant.resource,
      endsAt: new Date(grant.endsAt).toISOString(),
    },
  }
}

/** Says no more than that it came. */
export const TRIAL: Message = {
  kind: 'trial',
  tag: 'trial',
  title: 'Countersign reaches you',
  facts: [['Asked for', 'in your profile, or with a token of yours']],
  each: [],
  path: '/profile',
  until: null,
}

/** `subject` is as `occasionsOfLedger` makes it: `WHAT:NAME@DATE`. */
export function ledgerItem(subject: string): Item | null {
  const [, what = '', name = ''] = /^(\w+):(.*)@[\d-]+$/.exec(subject) ?? []
  if (!Object.hasOwn(TROUBLES, what)) return null
  const title = TROUBLES[what as LedgerTrouble]
  const event = { type: `ledger.${what}`, name }
  return { kind: 'ledger', tag: subject, title, facts: [['Where', shown(name)]], each: [], path: '/', until: null, event }
}

/** What may be wrong with the ledger, and does not pass by itself. */
export type LedgerTrouble = keyof typeof TROUBLES

const TROUBLES = {
  unwritable: 'the ledger cannot be written, and every action is refused',
  altered: 'the ledger’s tree in the store is not what gateways made it',
  stopped: 'entries of a gateway in the store are not what it wrote',
  disagrees: 'a witness has seen another history of the ledger',
} as const

/** Several things of one kind in one message: somebody who asks for hundreds must not fill another's mailbox. */
export function together(items: readonly [Item, ...Item[]]): Message {
  const [first] = items
  if (items.length === 1) return first
  const named = items.slice(0, MAX_NAMED)
  const more = items.length - named.length
  const untils = items.map(({ until }) => until ?? Infinity)
  return {
    kind: first.kind,
    tag: `several-${first.kind}`,
    title: `${items.length} ${SEVERAL[first.kind]}`,
    facts: more === 0 ? [] : [['And', `${more} more`]],
    each: named.map(({ title, path }) => [path, title]),
    path: '/',
    until: Math.max(...untils) === Infinity ? null : Math.max(...untils),
  }
}

const SEVERAL: Readonly<Record<NotificationKind, string>> = {
  review: 'requests wait for your review',
  decided: 'of your requests were decided',
  ending: 'of your grants end soon',
  revoked: 'of your grants were taken back',
  ledger: 'things are wrong with the ledger',
}

const aboutRequest = ({ id, requester, resource, ask, expiresAt }: Request) => ({
  request: id,
  requester: principalId(requester),
  resource,
  action: ask.kind === 'action' ? ask.action.type : ask.scope,
  expiresAt: new Date(expiresAt).toISOString(),
})

/** `sql:write`, `sql:read for 30m`: nothing that was typed. */
function whatOf({ ask }: Request): string {
  if (ask.kind === 'scope') return `${ask.scope} for ${formatDuration(ask.ms)}`
  const { type, statements }: Action = ask.action
  return statements.length > 1 ? `${type}, ${statements.length} statements,` : type
}

const pathOf = (id: string) => `/r/${encodeURIComponent(id.replace(/^req-/, ''))}`

/** A person, an agent or a directory chose it: whatever cannot be seen is written out. */
const shown = (name: string) => (name.length <= MAX_NAME ? visible(name) : `${visible(name.slice(0, MAX_NAME))}…`)

/** `26 Nov 14:41 UTC`. */
function timeOf(at: number): string {
  const date = new Date(at)
  const day = `${date.getUTCDate()} ${['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][date.getUTCMonth()]}`
  return `${day} ${date.toISOString().slice(11, 16)} UTC`
}

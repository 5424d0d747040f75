import { hash } from 'node:crypto'
import type { LedgerEvent } from '@countersign/ledger/group'
import { type About, stringOf } from './known.ts'

/** What an event can be found by. Null is any. */
export interface Sought {
  /** `request.approved`, or `request` for all of them. */
  readonly type: string | null
  /** A user, his agents too, or one agent. */
  readonly person: string | null
  readonly resource: string | null
  readonly request: string | null
  readonly session: string | null
}

/** What the event itself says, as `termsSought` has it: so that whoever indexes and whoever looks go by one list. Nothing of what is sealed is among it. */
export function ownTerms({ type, body }: LedgerEvent): readonly string[] {
  const requests = [body['request'], body['requests']].flat().flatMap((id) => stringOf(id) ?? [])
  const session = stringOf(body['session'])
  return [
    ...beginnings(type, '.').map((each) => `type ${each}`),
    ...requests.map((each) => `request ${each}`),
    ...(session === null ? [] : [`session ${session}`]),
  ]
}

/** Whom and what it is about. */
export function aboutTerms(event: LedgerEvent, about: Pick<About, 'principal' | 'resource'>): readonly string[] {
  const people = peopleIn(event, about).flatMap((person) => beginnings(person, '/'))
  return [...people.map((each) => `person ${each}`), ...(about.resource === null ? [] : [`resource ${about.resource}`])]
}

/** The one whom it is about, and then those who did it. */
export const peopleIn = ({ body }: LedgerEvent, { principal }: Pick<About, 'principal'>): readonly string[] =>
  [principal, ...DOERS.map((name) => stringOf(body[name]))].filter((person) => person !== null)

/** Where an event says who did it. */
const DOERS = ['by', 'reviewer', 'user']

const SOURCES = ['request', 'requests', 'session', 'grant', 'principal', 'requester', 'subject', 'resource', ...DOERS]

/** All that an event's terms come of: those who say the same here have the same terms. */
export const sourceOfTerms = ({ type, body }: LedgerEvent): string => JSON.stringify([type, ...SOURCES.map((name) => body[name])])

export interface TermsSought {
  readonly own: readonly string[]
  readonly about: readonly string[]
}

export const termsSought = ({ type, person, resource, request, session }: Sought): TermsSought => ({
  own: [...named('type', type), ...named('request', request), ...named('session', session)],
  about: [...named('person', person), ...named('resource', resource)],
})

const named = (kind: keyof Sought, value: string | null): readonly string[] => (value === null ? [] : [`${kind} ${value}`])

/** `a.b.c`: `a`, `a.b` and all of it. */
const beginnings = (text: string, between: string): readonly string[] => text.split(between).map((_, count, parts) => parts.slice(0, count + 1).join(between))

/** As the index has it: short, however long what somebody wrote there is, and no second place where a name can be read. */
export const indexed = (term: string): string => hash('sha256', term, 'buffer').subarray(0, 16).toString('base64url')

import { type Ceiling, DEFAULT_CEILING, narrower } from './coverage.ts'
import { combineNeeds, type Need } from './need.ts'

/**
 * What people send and type, of which policy may say that it is personal. An event of the ledger that holds a marked one is sealed with a key of its person:
 * `text` and `parameters` are of statements, `reason` and `ticket` of connections, requests and what ends them, `comment` of reviews.
 */
export const PERSONAL_FIELDS = ['text', 'parameters', 'reason', 'ticket', 'comment'] as const
export type PersonalField = (typeof PERSONAL_FIELDS)[number]

/** What the matching policies ask for besides a review. */
export interface Obligations {
  readonly reason: boolean
  /** Regular expressions that the ticket must match, every one of them. */
  readonly tickets: readonly string[]
  readonly sign: boolean
  readonly mask: readonly string[]
  readonly personal: readonly PersonalField[]
  /** The values of parameters are neither recorded nor shown. */
  readonly secret: boolean
  readonly ceiling: Ceiling | null
  /** The request's own life in milliseconds. */
  readonly expiresMs: number | null
}

export const NO_OBLIGATIONS: Obligations = { reason: false, tickets: [], sign: false, mask: [], personal: [], secret: false, ceiling: null, expiresMs: null }

/** Union of what is asked, minimum of what is given. */
export function combineObligations(...all: readonly Obligations[]): Obligations {
  return all.reduce(
    (sum, next) => ({
      reason: sum.reason || next.reason,
      tickets: [...new Set([...sum.tickets, ...next.tickets])],
      sign: sum.sign || next.sign,
      mask: [...new Set([...sum.mask, ...next.mask])],
      personal: [...new Set([...sum.personal, ...next.personal])],
      secret: sum.secret || next.secret,
      ceiling: sum.ceiling && next.ceiling ? narrower(sum.ceiling, next.ceiling) : (sum.ceiling ?? next.ceiling),
      expiresMs: sum.expiresMs !== null && next.expiresMs !== null ? Math.min(sum.expiresMs, next.expiresMs) : (sum.expiresMs ?? next.expiresMs),
    }),
    NO_OBLIGATIONS,
  )
}

/** Policy's answer for one statement, or for a whole action. `policies` are the ids that decided. */
export type Decision =
  | { readonly effect: 'allow'; readonly policies: readonly string[]; readonly obligations: Obligations }
  | { readonly effect: 'review'; readonly policies: readonly string[]; readonly obligations: Obligations; readonly need: Need }
  | {
      readonly effect: 'deny'
      readonly policies: readonly string[]
      readonly message: string
      /** Policy could not be evaluated: nothing may be read into the empty list of policies. */
      readonly failed?: boolean
      /** What is recorded of a denial is no less personal. */
      readonly personal?: readonly PersonalField[]
      readonly secret?: boolean
      /** It is not in the scope of the token: no policy that is being tried out, so it holds where others are only observed. */
      readonly beyondScope?: true
    }

/** True for what the scope of a token leaves out. */
export function isBeyondScope(decision: Decision): boolean {
  return decision.effect === 'deny' && decision.beyondScope === true
}

/** Whether policy keeps the values of parameters out of every record. Where it could not be asked, it does. */
export function hidesValues(decision: Decision): boolean {
  if (decision.effect !== 'deny') return decision.obligations.secret
  return decision.failed === true || decision.secret === true
}

/** What policy marks as personal. Where it could not be asked, everything. */
export function personalOf(decision: Decision): readonly PersonalField[] {
  if (decision.effect !== 'deny') return decision.obligations.personal
  return decision.failed === true ? PERSONAL_FIELDS : (decision.personal ?? [])
}

/**
 * The strictest of several decisions: a deny wins, needs add up, obligations are combined. A review whose policies do not
 * say what it gives gives `unsaid`, so that another one's half an hour does not become its own; null for a connection,
 * where saying nothing is no limit.
 */
export function strictest(decisions: readonly Decision[], unsaid: Ceiling | null = DEFAULT_CEILING): Decision {
  const denials = decisions.filter((decision) => decision.effect === 'deny')
  const deny = denials.find(isBeyondScope) ?? denials[0]
  if (deny) return withMarks(deny, { personal: decisions.flatMap(personalOf), secret: decisions.some(hidesValues) })
  const open = decisions.filter((decision) => decision.effect !== 'deny')
  const isSaid = open.some(({ obligations: { ceiling } }) => ceiling !== null)
  const obligations = combineObligations(
    ...open.map((decision) =>
      isSaid && decision.effect === 'review' ? { ...decision.obligations, ceiling: decision.obligations.ceiling ?? unsaid } : decision.obligations,
    ),
  )
  const reviews = open.filter((decision) => decision.effect === 'review')
  const deciding = reviews.length > 0 ? reviews : open
  const policies = [...new Set(deciding.flatMap((decision) => decision.policies))]
  if (open.length === 0) return { effect: 'deny', policies: [], message: 'there is nothing to judge' }
  if (reviews.length === 0) return { effect: 'allow', policies, obligations }
  return { effect: 'review', policies, obligations, need: combineNeeds(...reviews.map((decision) => decision.need)) }
}

/** Whose personal data an event is that holds these fields of one person: his, or nobody's. */
export function personOf(user: string, marked: readonly PersonalField[], held: readonly PersonalField[]): string | null {
  return held.some((field) => marked.includes(field)) ? user : null
}

/** A denial of whose record this is said too. */
export function withMarks<D extends Extract<Decision, { effect: 'deny' }>>(deny: D, { personal, secret }: Pick<Obligations, 'personal' | 'secret'>): D {
  const all = [...new Set([...(deny.personal ?? []), ...personal])]
  return { ...deny, ...(all.length > 0 ? { personal: all } : {}), ...(secret ? { secret } : {}) }
}

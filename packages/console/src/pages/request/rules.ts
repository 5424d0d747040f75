import type { Whoami } from '@countersign/contract/schemas/principal'
import type { Request } from '@countersign/contract/schemas/request'

/** Why the reader cannot review this; null when he can. The gateway has the last word. */
export function whyNot(me: Whoami, { status, requester, reviews, needs }: Request): string | null {
  if (status !== 'pending') return null
  if (me.agent !== null) return 'An agent never reviews.'
  if (requester.user === me.user) return 'It is your own request: somebody else has to review it.'
  if (reviews.some(({ reviewer, lapsed }) => reviewer.user === me.user && !lapsed)) return 'You have reviewed it. It waits for somebody else.'
  if (!groupsOf(needs).some((group) => me.groups.includes(group))) return `It waits for ${needs.missing ?? needs.text}.`
  return me.mayReview ? null : 'This login cannot review.'
}

/** Whether an address of sessions is there for him: it is for whoever they are of, for admins and for auditors. */
export const mayOpenSessions = (me: Whoami, { requester }: Pick<Request, 'requester'>): boolean => me.admin || me.auditor || requester.user === me.user

/** A grant is taken back by whoever has it, by who may review its request, and by admins. Who sees a request is one of them, but for an auditor. */
export function mayTakeBack(me: Whoami, { requester, needs }: Pick<Request, 'requester' | 'needs'>): boolean {
  return me.admin || !me.auditor || requester.user === me.user || groupsOf(needs).some((group) => me.groups.includes(group))
}

/** A receipt is for who asked, for who reviewed, for admins and for auditors. */
export function maySeeReceipt(me: Whoami, { requester, reviews }: Pick<Request, 'requester' | 'reviews'>): boolean {
  return me.admin || me.auditor || requester.user === me.user || reviews.some(({ reviewer }) => reviewer.user === me.user)
}

const groupsOf = ({ clauses }: Request['needs']): readonly string[] => clauses.flat().flatMap(({ groups }) => groups)

/** Requests that ask for the same but for values: the same kind of statement, or scope, on the same resource. */
export function alike(one: Request, other: Request): boolean {
  return one.resource === other.resource && shapeOf(one) !== null && shapeOf(one) === shapeOf(other)
}

const shapeOf = ({ ask }: Request): string | null =>
  ask.kind === 'scope' ? `scope ${ask.scope}` : (ask.fingerprint ?? (ask.type === 'connect' ? 'connect' : null))

/** `req-7kq2` in the address of its page, which its link has too. */
export const shortId = (id: string): string => id.replace(/^req-/, '')
export const fullId = (id: string): string => (id.startsWith('req-') ? id : `req-${id}`)

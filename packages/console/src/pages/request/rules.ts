import type { Whoami } from '@countersign/contract/schemas/principal'
import type { Request } from '@countersign/contract/schemas/request'

/** Why the reader cannot review this; null when he can. The gateway has the last word. */
export function whyNot(me: Whoami, { status, requester, reviews, needs }: Request): string | null {
  if (status !== 'pending') return null
  if (me.agent !== null) return 'An agent never reviews.'
  if (requester.user === me.user) return 'It is your own request: somebody else has to review it.'
  if (reviews.some(({ reviewer }) => reviewer.user === me.user)) return 'You have reviewed it. It waits for somebody else.'
  const groups = needs.clauses.flat().flatMap((requirement) => requirement.groups)
  if (!groups.some((group) => me.groups.includes(group))) return `It waits for ${needs.missing ?? needs.text}.`
  return me.mayReview ? null : 'This login cannot review.'
}

/** Requests that ask for the same but for values: the same kind of statement, or scope, on the same resource. */
export function alike(one: Request, other: Request): boolean {
  return one.resource === other.resource && shapeOf(one) !== null && shapeOf(one) === shapeOf(other)
}

const shapeOf = ({ ask }: Request): string | null =>
  ask.kind === 'scope' ? `scope ${ask.scope}` : (ask.fingerprint ?? (ask.type === 'connect' ? 'connect' : null))

/** `req-7kq2` in the address of its page, which its link has too. */
export const shortId = (id: string): string => id.replace(/^req-/, '')
export const fullId = (id: string): string => (id.startsWith('req-') ? id : `req-${id}`)

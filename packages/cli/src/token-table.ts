import type { TokenInfo, TokenScope } from '@countersign/contract/schemas/token'
import { countdown, moment } from './format.ts'

export const TOKEN_HEAD = ['TOKEN', 'NAME', 'PRINCIPAL', 'GOOD FOR', 'MAY REVIEW', 'MADE BY', 'LAST USED', 'ENDS']

export function tokenRow(token: TokenInfo): readonly string[] {
  const principal = token.agent === null ? token.user : `${token.user}/${token.agent}`
  const scope = token.scope === null ? 'everything' : scopeText(token.scope)
  const used = token.lastUsedAt === null ? 'never' : moment(token.lastUsedAt)
  return [token.id, token.name ?? '', principal, scope, mayReview(token), token.createdBy, used, end(token)]
}

/** `sql:read on orders-db`. */
export function scopeText({ resources, actions }: TokenScope): string {
  return `${actions?.join(', ') ?? 'all actions'} on ${resources?.join(', ') ?? 'all resources'}`
}

const mayReview = ({ mayReview, unproven }: TokenInfo) => (mayReview ? (unproven ? 'unproven' : 'yes') : 'no')

const end = ({ revokedAt, expiresAt }: TokenInfo) => (revokedAt === null ? countdown(expiresAt) : `revoked ${moment(revokedAt)}`)

import type { TokenInfo } from '@countersign/contract/schemas/token'

/** What a token is good for; `all` says it where that is everything that its holder may do. */
export function scopeInWords({ scope }: Pick<TokenInfo, 'scope'>, all: string): string {
  if (scope === null) return all
  return [scope.actions?.join(', ') ?? 'any action', `on ${scope.resources?.join(', ') ?? 'every resource'}`].join(' ')
}

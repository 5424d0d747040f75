import type { Context } from '../workflow/context.ts'
import type { StoreHealth } from './health.ts'
import type { Registry } from './registry.ts'
import type { Tokens } from '../identity/tokens.ts'

/** What sessions work with. */
export interface Services {
  readonly context: Context
  readonly tokens: Tokens
  readonly registry: Registry
  readonly health: Pick<StoreHealth, 'silence'>
  /** For what goes wrong beside a connection and must not end it. */
  onError(error: unknown): void
}

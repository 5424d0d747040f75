import type { Parameter } from '@countersign/core/action'
import type { Impact } from '@countersign/core/impact'
import type { ClassifiedStatement } from '../classify.ts'
import type { Bulk } from './bulk.ts'
import type { RowChange } from './change.ts'

/** One statement with its values. */
export interface Valued {
  readonly statement: ClassifiedStatement
  readonly parameters: readonly Parameter[]
}

/** What waits for a review together, in its session. */
export interface Weighed {
  readonly statements: readonly Valued[]
  /** Who asks: its role, or the resource's own where the session has an account of its own. */
  readonly role: string
  /** Where the session looks names up, in this order. */
  readonly schemas: readonly string[]
  /** What the server reported of the session's settings. */
  readonly reported: ReadonlyMap<string, string>
  /** The session's process on the target when it is inside a transaction, else null. */
  readonly transaction: number | null
  /** True when a text only reads, by the live catalog too. */
  isRead(text: string): Promise<boolean>
}

/** One statement as far as its own text says what it does. */
export interface Text extends Valued {
  /** A statement before it may have changed its rows. */
  readonly isLate: boolean
  readonly change: RowChange | null
  /** What it is where it is no such change; null for what is neither. */
  readonly bulk: Bulk | null
  /** What is known without asking anybody. */
  readonly known: Impact
  /** Nobody has to be asked. */
  readonly isOver: boolean
}

/** Outside a transaction nothing is held while it waits. */
export const NO_LOCKS = { locks: [], waiting: [] } as const

export const LATE = 'a statement before it may change its rows'

export const IN_TRANSACTION = 'it is inside a transaction, whose own changes nobody else sees'

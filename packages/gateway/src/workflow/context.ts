import type { Action } from '@countersign/core/action'
import type { WorkerConfig } from '../config/config.ts'
import type { Users } from '../identity/caller.ts'
import type { Event, Journal } from '../journal/journal.ts'
import type { PolicyEngine } from '../policy/engine.ts'
import type { Clock } from '../clock.ts'
import type { OwedRecord, WorkerStore } from '../store/store.ts'
import { WorkflowError } from './workflow.ts'

/** What the workflow works with. `policy` is asked for at each use, because it may be reloaded. */
export interface Context {
  readonly config: WorkerConfig
  readonly store: WorkerStore
  readonly directory: Users
  readonly journal: Journal
  /** What changes a request or a grant goes through it, so that its entries are not lost. */
  readonly owed: Owing
  readonly clock: Clock
  policy(): PolicyEngine
  /** Reads an action that is asked for ahead as the target would see it now. */
  plan(resource: string, text: string): Promise<Action>
}

/** See `Owed` of the journal. */
export interface Owing {
  /**
   * Has a change saved together with what the ledger is owed for it, and records that. False: `save` says that somebody else was first, and has saved nothing.
   * Rejects as `save` does, and with JournalBroken, where the change has been made.
   */
  change(events: readonly Event[], save: (owed: readonly OwedRecord[]) => Promise<boolean>): Promise<boolean>
}

/** How far the wall clock may be behind the ledger before it is not believed. */
const CLOCK_TOLERANCE_MS = 1_000

/** The wall clock. Throws when it is behind what the ledger has already recorded: a grant would last too long. */
export function trustedNow({ clock, journal }: Pick<Context, 'clock' | 'journal'>): number {
  const now = clock.now()
  if (now < journal.latest - CLOCK_TOLERANCE_MS) {
    throw new WorkflowError(
      'unavailable',
      `this gateway's clock is ${Math.round((journal.latest - now) / 1000)} s behind its own ledger, so nothing is granted; set the clock right`,
    )
  }
  return now
}

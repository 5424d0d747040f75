import { type Outcome, SUSPENDED, UNANSWERED } from '../adapter.ts'
import type { Expected } from './expected.ts'

/** Runs whose portal is there: each may still be executed, or read on, and the last that is recorded of it is that it cannot be any more. */
export class OpenRuns {
  readonly #record: (outcome: Outcome) => void
  /** True for those of which some was read. */
  readonly #open = new Map<string, boolean>()

  constructor(record: (outcome: Outcome) => void) {
    this.#record = record
  }

  /** Its portal was bound, and nothing of it has run. */
  bound(run: string): void {
    this.#open.set(run, false)
  }

  /** False for what an Execute gives that comes when its portal is at its end: what became of the run has been recorded. */
  isAnsweredBy({ kind, run }: Pick<Expected, 'kind' | 'run'>): boolean {
    return run !== undefined && (kind !== 'execute' || this.#open.has(run))
  }

  hasBegun(run: string): boolean {
    return this.#open.get(run) === true
  }

  record(outcome: Outcome): void {
    if (outcome.summary === SUSPENDED) this.#open.set(outcome.run, true)
    else this.#open.delete(outcome.run)
    this.#record(outcome)
  }

  /** Its portal is gone. */
  closed(run: string): void {
    const begun = this.#open.get(run)
    if (begun === undefined) return
    this.record({ run, ...UNANSWERED, ...(begun ? { result: 'done', summary: 'closed', rows: 0 } : { result: 'failed', summary: 'skipped' }), sent: null })
  }

  closeAll(): void {
    for (const run of this.#open.keys()) this.closed(run)
  }
}

import type { Grant } from '@countersign/core/grant'
import { after, type Clock } from '../clock.ts'

interface Under {
  readonly grants: readonly Grant[]
  readonly stopClocks: readonly (() => void)[]
}

/** Most run under no grant but their session's. */
const NONE: readonly Grant[] = []

/** The grants of each run that is allowed and not over: a portal may be bound now and executed, or read on, much later. */
export class Running {
  readonly #under = new Map<string, Under>()
  readonly #clock: Clock
  readonly #onEnd: (grant: Grant) => void

  /** `onEnd` is called when a grant ends under which something runs. */
  constructor(clock: Clock, onEnd: (grant: Grant) => void) {
    this.#clock = clock
    this.#onEnd = onEnd
  }

  /** A use that was counted may be finished; a while is over for everybody at the same time. */
  add(run: string, grants: readonly Grant[]): void {
    const whiles = grants.filter(({ usesLeft }) => usesLeft === null)
    const stopClocks = whiles.map((grant) => after(grant.endsAt - this.#clock.now(), () => this.#onEnd(grant), this.#clock))
    this.#under.set(run, { grants, stopClocks })
  }

  /** It is over. Returns what it ran under. */
  leave(run: string): readonly Grant[] {
    const under = this.#under.size === 0 ? undefined : this.#under.get(run)
    if (!under) return NONE
    for (const stop of under.stopClocks) stop()
    this.#under.delete(run)
    return under.grants
  }

  leaveAll(): void {
    for (const run of this.#under.keys()) this.leave(run)
  }

  grants(): readonly Grant[] {
    return [...this.#under.values()].flatMap(({ grants }) => grants)
  }

  isUnder(grant: string): boolean {
    for (const { grants } of this.#under.values()) if (grants.some(({ id }) => id === grant)) return true
    return false
  }
}

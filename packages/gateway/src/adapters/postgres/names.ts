import type { Parameter } from '@countersign/core/action'
import { type Classified, type ClassifiedStatement, unknownBecause } from './classify.ts'

/** A prepared statement as the server knows it. `types` are the parameter OIDs of its Parse. */
export interface Prepared {
  readonly classified: Classified
  readonly types: readonly number[]
}

/** A portal whose Bind was judged: whatever executes it runs under that one verdict. */
export interface Portal {
  readonly run: string
  readonly classified: Classified
  /** What the names in it stood for when it was judged: an EXECUTE looks them up again when it runs. */
  readonly definitions: readonly Parameter[]
}

/** A name that a message on its way to the server will give or take. It counts for the same batch, and for ever once the server confirms it. */
export type Change =
  | { readonly space: 'statement'; readonly name: string; readonly value: Prepared | null }
  | { readonly space: 'portal'; readonly name: string; readonly value: Portal | null }
  | { readonly space: 'cursor'; readonly name: string; readonly value: ClassifiedStatement | null }

/**
 * What the server's names stand for. A Parse that fails leaves the old statement under its name, so a change that the
 * server has not confirmed is dropped as soon as anything in its batch fails.
 */
export class Names {
  readonly #statements = new Map<string, Prepared>()
  readonly #portals = new Map<string, Portal>()
  readonly #cursors = new Map<string, ClassifiedStatement>()
  #proposed: Change[] = []

  statement(name: string): Prepared | null {
    const change = this.#proposed.findLast((each) => each.space === 'statement' && each.name === name)
    return change?.space === 'statement' ? change.value : (this.#statements.get(name) ?? null)
  }

  portal(name: string): Portal | null {
    const change = this.#proposed.findLast((each) => each.space === 'portal' && each.name === name)
    return change?.space === 'portal' ? change.value : (this.#portals.get(name) ?? null)
  }

  /** What a DECLARE that this session ran stands for. */
  cursor(name: string): ClassifiedStatement | null {
    return this.#cursors.get(name) ?? null
  }

  propose(change: Change): Change {
    this.#proposed.push(change)
    return change
  }

  confirm(change: Change): void {
    this.#proposed = this.#proposed.filter((each) => each !== change)
    this.#apply(change)
  }

  /** What was proposed and not confirmed will not happen. */
  discardProposed(): void {
    this.#proposed = []
  }

  /** Portals end with their transaction. */
  closePortals(): void {
    this.#portals.clear()
  }

  /** Something that cannot be read has run: it may have given any name another meaning. */
  taint(): void {
    const why = 'something that cannot be read ran since it was prepared'
    for (const [name, prepared] of this.#statements) this.#statements.set(name, { ...prepared, classified: unknownBecause(prepared.classified.canonical, why) })
    this.#cursors.clear()
  }

  #apply(change: Change): void {
    switch (change.space) {
      case 'statement':
        return set(this.#statements, change.name, change.value)
      // The server has one name space for both: whichever came last is what the name means.
      case 'portal':
        this.#cursors.delete(change.name)
        return set(this.#portals, change.name, change.value)
      case 'cursor':
        this.#portals.delete(change.name)
        return set(this.#cursors, change.name, change.value)
    }
  }
}

function set<T>(map: Map<string, T>, name: string, value: T | null): void {
  if (value === null) map.delete(name)
  else map.set(name, value)
}

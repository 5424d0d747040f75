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
  readonly types: Prepared['types']
  /** `Judging.turn` when it was judged. */
  readonly turn: number
}

/** A name that a message on its way to the server will give or take. It counts for the same batch, and for ever once the server confirms it. */
export type Change =
  | { readonly space: 'statement'; readonly name: string; readonly value: Prepared | null }
  | { readonly space: 'portal'; readonly name: string; readonly value: Portal | null }
  | { readonly space: 'cursor'; readonly name: string; readonly value: ClassifiedStatement | null }
  /** DEALLOCATE ALL and CLOSE ALL. */
  | { readonly space: 'statements' | 'cursors'; readonly name: ''; readonly value: null }

/** PostgreSQL keeps its own copy of each, so a client that means well stays far below. */
const MAX_NAMES = 20_000
const MAX_CHARACTERS = 32 * 1024 * 1024

/** PostgreSQL keeps as many bytes of a name (NAMEDATALEN), and takes two that begin alike for one. Whatever pools connections before it may not. */
const MAX_NAME = 63
/** Of what is not ASCII: a server's own encoding may take four bytes for each. */
const MAX_NOT_ASCII = 15

/** The server may take it for another name than the gateway does. */
export function isTooLong(name: string): boolean {
  return name.length > MAX_NOT_ASCII && (name.length > MAX_NAME || /[^ -~]/.test(name))
}

/** What a client is told that gives more. */
export const TOO_MANY_NAMES = 'this connection has given too many names to prepared statements and cursors, or to too much text'

/**
 * What the server's names stand for. A Parse that fails leaves the old statement under its name, so a change that the
 * server has not confirmed is dropped as soon as anything in its batch fails.
 */
export class Names {
  readonly #statements = new Map<string, Prepared>()
  readonly #portals = new Map<string, Portal>()
  readonly #cursors = new Map<string, ClassifiedStatement>()
  /** The latest change of each name that is on its way. The server confirms in order, so older ones of a name are over when it is. */
  readonly #proposed = new Map<string, Change>()
  #characters = 0
  /** Called with the run of a portal that is there no longer. */
  onPortalGone: (run: string) => void = () => undefined

  /** A session that gives ever more names would fill the memory that all sessions share. */
  get full(): boolean {
    const names = this.#statements.size + this.#portals.size + this.#cursors.size + this.#proposed.size
    return names >= MAX_NAMES || this.#characters > MAX_CHARACTERS
  }

  statement(name: string): Prepared | null {
    const change = this.#proposed.get(`statement ${name}`)
    return change?.space === 'statement' ? change.value : (this.#statements.get(name) ?? null)
  }

  portal(name: string): Portal | null {
    const change = this.#proposed.get(`portal ${name}`)
    return change?.space === 'portal' ? change.value : (this.#portals.get(name) ?? null)
  }

  /** What a DECLARE that this session ran stands for. */
  cursor(name: string): ClassifiedStatement | null {
    return this.#cursors.get(name) ?? null
  }

  propose(change: Change): Change {
    const key = keyOf(change)
    this.#characters += charactersOf(change) - charactersOf(this.#proposed.get(key))
    this.#proposed.set(key, change)
    return change
  }

  confirm(change: Change): void {
    const key = keyOf(change)
    if (this.#proposed.get(key) === change) this.#forget(key)
    this.#apply(change)
  }

  /** What was proposed and not confirmed will not happen: something before it has failed, or it is not sent at all. */
  discardProposed(): void {
    for (const key of this.#proposed.keys()) this.#forget(key)
  }

  #forget(key: string): void {
    this.#characters -= charactersOf(this.#proposed.get(key))
    this.#proposed.delete(key)
  }

  /** Portals end with their transaction. */
  closePortals(): void {
    for (const name of this.#portals.keys()) this.#setPortal(name, null)
  }

  /** Something that cannot be read has run: it may have given any name another meaning. */
  taint(): void {
    const why = 'something that cannot be read ran since it was prepared'
    for (const [name, prepared] of this.#statements) this.#statements.set(name, { ...prepared, classified: unknownBecause(prepared.classified.canonical, why) })
    this.#clear(this.#cursors)
    this.closePortals() // one may have been closed, and a cursor opened under its name
  }

  #apply(change: Change): void {
    switch (change.space) {
      case 'statement':
        return this.#set(this.#statements, change.name, change.value)
      // The server has one name space for both: whichever came last is what the name means.
      case 'portal':
        this.#set(this.#cursors, change.name, null)
        return this.#setPortal(change.name, change.value)
      case 'cursor':
        this.#setPortal(change.name, null)
        return this.#set(this.#cursors, change.name, change.value)
      case 'statements':
        return this.#clear(this.#statements)
      case 'cursors':
        this.closePortals()
        return this.#clear(this.#cursors)
    }
  }

  #setPortal(name: string, value: Portal | null): void {
    const before = this.#portals.get(name)
    this.#set(this.#portals, name, value)
    if (before) this.onPortalGone(before.run)
  }

  #clear<T extends Named>(map: Map<string, T>): void {
    for (const name of map.keys()) this.#set(map, name, null)
  }

  #set<T extends Named>(map: Map<string, T>, name: string, value: T | null): void {
    this.#characters += charactersIn(value) - charactersIn(map.get(name))
    if (value === null) map.delete(name)
    else map.set(name, value)
  }
}

type Named = NonNullable<Change['value']>

const keyOf = ({ space, name }: Change) => `${space} ${name}`

const charactersOf = (change: Change | undefined) => charactersIn(change?.value)

/** Of the text that it keeps. */
function charactersIn(value: Named | null | undefined): number {
  if (!value) return 0
  return 'classified' in value ? value.classified.canonical.length : value.text.length
}

import type { Entry } from './entry.ts'
import { KeyHistory } from './key-history.ts'

/** Whose key may sign checkpoints: `first` is the tree's first, whom nobody had to vouch for. */
export interface GatewayTrust {
  readonly gateway: string
  /** The key in force, in base64. */
  readonly key: string
  readonly trust: 'first' | 'vouched' | 'none'
}

type KeyEvent = Pick<Entry, 'gateway' | 'type' | 'body'>

const KEY_EVENTS = new Set(['gateway.enrolled', 'gateway.key-rotated', 'gateway.vouched'])

/** True for the entries of which it follows whose keys count; all others may be left out. */
export const isKeyEvent = ({ type }: Pick<Entry, 'type'>): boolean => KEY_EVENTS.has(type)

/** A protocol worker has a chain of its own, which its gateway's key signs: `gw-1f0c22aa31-w2` belongs to `gw-1f0c22aa31`. */
export const gatewayOf = (chain: string): string => chain.replace(/-w\d+$/, '')

/**
 * Which keys the tree's own entries make trustworthy, read in the order of the tree. The first key that is enrolled is the tree's. Any
 * other counts from where a gateway that counts already says so, by an entry `gateway.vouched {gateway, key}`, and so do those
 * that follow it by rotation. What a gateway says that does not count vouches for nothing, now or later.
 */
export class Trust {
  readonly #events = new Map<string, KeyEvent[]>()
  readonly #histories = new Map<string, KeyHistory>()
  readonly #vouched = new Map<string, Set<string>>()
  #first: string | null = null

  /** Reads the next entry of the tree; one that is not about keys changes nothing. */
  read(entry: KeyEvent): void {
    if (!isKeyEvent(entry)) return
    const { gateway, type, body } = entry
    if (type === 'gateway.vouched') {
      const { gateway: other, key } = body
      if (this.counts(gateway) && typeof other === 'string' && typeof key === 'string')
        this.#vouched.set(other, (this.#vouched.get(other) ?? new Set()).add(key))
      return
    }
    const history = this.#histories.get(gateway) ?? new KeyHistory()
    if (history.read(entry) !== null) return
    this.#histories.set(gateway, history)
    this.#events.set(gateway, [...(this.#events.get(gateway) ?? []), entry])
    this.#first ??= gateway
  }

  /** The keys of the gateway that a chain belongs to, once these entries of that chain, which follow, are in the tree too. */
  historyOf(chain: string, following: readonly KeyEvent[] = []): KeyHistory {
    const gateway = gatewayOf(chain)
    const own = following.filter((event) => event.gateway === gateway)
    const known = this.#histories.get(gateway)
    if (known && own.length === 0) return known
    const history = new KeyHistory()
    for (const event of [...(this.#events.get(gateway) ?? []), ...own]) history.read(event)
    return history
  }

  /** Whether checkpoints count that are signed with the key which this gateway has now. */
  counts(gateway: string): boolean {
    return this.#keysThatCount(gateway).length > 0
  }

  /** Every key whose signature on a checkpoint counts, those that have been followed by others among them: they signed what is old. */
  get keys(): readonly string[] {
    return [...this.#histories.keys()].flatMap((gateway) => this.#keysThatCount(gateway))
  }

  /** Every gateway that has enrolled a key, in the order of the tree. */
  list(): readonly GatewayTrust[] {
    return [...this.#histories].map(([gateway, { current }]) => {
      const trust = gateway === this.#first ? 'first' : this.counts(gateway) ? 'vouched' : 'none'
      return { gateway, key: current ?? '', trust }
    })
  }

  /** From the first on that was vouched for. */
  #keysThatCount(gateway: string): readonly string[] {
    const keys = this.#histories.get(gateway)?.keys ?? []
    if (gateway === this.#first) return keys
    const vouched = this.#vouched.get(gateway)
    const from = keys.findIndex((key) => vouched?.has(key))
    return from === -1 ? [] : keys.slice(from)
  }
}

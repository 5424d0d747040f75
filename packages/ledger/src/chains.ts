import { type Entry, NO_PREVIOUS } from './entry.ts'
import type { SignedHead } from './gateway-key.ts'
import type { KeyHistory } from './key-history.ts'

/** Where one gateway's chain stands while a tree is read. */
interface Link {
  readonly seq: number
  readonly hash: string
}

/**
 * The chains of all gateways, read in the order of the tree, in which they are interleaved. What it says of an entry is null or
 * what is wrong; reading goes on from there, so that each break is told once.
 */
export class Chains {
  readonly #links = new Map<string, Link>()
  /** By chain, then by entry. */
  readonly #heads: ReadonlyMap<string, ReadonlyMap<number, SignedHead>>
  readonly #covered = new Map<string, number>()

  /** `heads` are held against the entries that they name. */
  constructor(heads: readonly SignedHead[] = []) {
    const byChain = Map.groupBy(heads, ({ gateway }) => gateway)
    this.#heads = new Map([...byChain].map(([gateway, own]) => [gateway, new Map(own.map((head) => [head.seq, head]))]))
  }

  /** Each chain's name and how many entries of it were read. */
  get lengths(): ReadonlyMap<string, number> {
    return new Map([...this.#links].map(([gateway, { seq }]) => [gateway, seq]))
  }

  /** How far signed heads, which `historyOf` its keys vouch for, cover a chain. */
  covered(gateway: string): number {
    return this.#covered.get(gateway) ?? 0
  }

  /** Heads of entries that were not read: those of a log that is cut off, unless nobody signed them. */
  beyond(): readonly SignedHead[] {
    return [...this.#heads.values()].flatMap((heads) => [...heads.values()]).filter(({ gateway, seq }) => seq > (this.#links.get(gateway)?.seq ?? 0) || seq < 1)
  }

  read({ gateway, seq, prev }: Pick<Entry, 'gateway' | 'seq' | 'prev'>, hash: string): string | null {
    const last = this.#links.get(gateway) ?? { seq: 0, hash: NO_PREVIOUS }
    this.#links.set(gateway, { seq, hash })
    if (seq > last.seq + 1) return `entry ${last.seq + 1} of ${gateway} is missing`
    if (seq <= last.seq) return `entry ${seq} of ${gateway} stands behind its entry ${last.seq}`
    return prev === last.hash ? null : `entry ${seq} of ${gateway} was written after another entry ${last.seq} than the one that is here`
  }

  /** Holds the head for this entry, if there is one, against it. */
  readHead({ gateway, seq }: Pick<Entry, 'gateway' | 'seq'>, hash: string, keys: KeyHistory): string | null {
    const head = this.#heads.get(gateway)?.get(seq)
    if (!head) return null
    if (head.hash !== hash) return `${gateway} signed another entry ${seq} than the one that is here`
    if (!keys.vouchesFor(head)) return `what vouches for entry ${seq} of ${gateway} is not signed by its gateway's key`
    this.#covered.set(gateway, seq)
    return null
  }
}

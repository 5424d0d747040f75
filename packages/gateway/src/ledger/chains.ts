import { type Entry, hashEntry, NO_PREVIOUS, parseEntry } from '@countersign/ledger/entry'
import type { KeyHistory } from '@countersign/ledger/key-history'
import type { Hash } from '@countersign/ledger/merkle'
import { isKeyEvent, type Trust } from '@countersign/ledger/trust'
import { breathe } from './breathe.ts'
import type { LedgerStore, StoredEntry, StoredHead } from '../store/store.ts'

/** The last entry of a chain that is known to be good. */
export interface Position {
  readonly seq: number
  /** In hex. */
  readonly hash: string
}

export const BEGINNING: Position = { seq: 0, hash: NO_PREVIOUS }

/** Entries of one chain that follow its last one in the tree, which a signed head covers. */
export interface Followed {
  readonly gateway: string
  /** The first of them. */
  readonly seq: number
  readonly leaves: readonly Hash[]
  readonly end: Position
  /** Those that are about keys, by their offset. */
  readonly keyEvents: readonly { readonly offset: number; readonly entry: Entry }[]
}

/** Why a chain goes no further: its entry `seq` does not fit, or nobody vouches for it. */
export interface Stop {
  readonly gateway: string
  readonly seq: number
  readonly why: string
}

/** An entry that is not what its chain says stands in its place. */
export class DoesNotFit extends Error {
  readonly seq: number

  constructor(seq: number, why: string) {
    super(why)
    this.name = 'DoesNotFit'
    this.seq = seq
  }
}

/** Entries of one question to the store, which together take about a millisecond. */
const PAGE = 100
/** Heads of one question: there is one for each batch that a drain moves. */
const HEADS = 64

type Reading = Pick<LedgerStore, 'read' | 'signedHeads'>

/**
 * What follows `position` in a chain, about `most` entries. It reaches as far as a head that the gateway's own key signed: whoever
 * may write to the store may write entries, but cannot make the key vouch for them. Null: there is nothing new that is
 * covered. Throws DoesNotFit, and as the store does.
 */
export async function follow(ledger: Reading, gateway: string, position: Position, trust: Trust, most: number): Promise<Followed | null> {
  const head = await headAfter(ledger, gateway, position.seq, most)
  if (!head) return null
  const leaves: Hash[] = []
  const keyEvents: { offset: number; entry: Entry }[] = []
  let end = position
  for await (const entry of entriesBetween(ledger, gateway, position.seq + 1, head.seq)) {
    const { parsed, hash } = linked(entry, gateway, end)
    if (isKeyEvent(parsed)) keyEvents.push({ offset: leaves.length, entry: parsed })
    leaves.push(Buffer.from(hash, 'hex'))
    end = { seq: entry.seq, hash }
  }
  if (end.seq < head.seq) throw new DoesNotFit(end.seq + 1, `entry ${end.seq + 1} is missing from the store, and a signed head says that there are ${head.seq}`)
  assertCovered(
    head,
    end,
    trust.historyOf(
      gateway,
      keyEvents.map(({ entry }) => entry),
    ),
  )
  return { gateway, seq: position.seq + 1, leaves, end, keyEvents }
}

/** The entry as what follows `position`. Throws DoesNotFit. */
export function linked({ seq, line }: StoredEntry, gateway: string, position: Position): { readonly parsed: Entry; readonly hash: string } {
  const expected = position.seq + 1
  if (seq !== expected) throw new DoesNotFit(expected, `entry ${expected} is missing from the store`)
  const parsed = readable(line, seq)
  if (parsed.gateway !== gateway || parsed.seq !== seq) throw new DoesNotFit(seq, `entry ${seq} is entry ${parsed.seq} of ${parsed.gateway}`)
  if (parsed.prev !== position.hash) throw new DoesNotFit(seq, `entry ${seq} does not follow the entry before it: one of the two was altered`)
  return { parsed, hash: hashEntry(line) }
}

function readable(line: string, seq: number): Entry {
  try {
    return parseEntry(line)
  } catch (error) {
    throw new DoesNotFit(seq, `entry ${seq} is ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The last head within `most` entries; where the next one is further away, that. */
async function headAfter(ledger: Reading, gateway: string, seq: number, most: number): Promise<StoredHead | null> {
  const heads = await ledger.signedHeads(gateway, seq + 1, HEADS)
  return heads.findLast((head) => head.seq <= seq + most) ?? heads[0] ?? null
}

async function* entriesBetween(ledger: Reading, gateway: string, from: number, to: number): AsyncGenerator<StoredEntry> {
  for (let next = from; next <= to;) {
    const page = await ledger.read(gateway, next, Math.min(PAGE, to - next + 1))
    const last = page.at(-1)
    if (!last || last.seq < next) return
    yield* page
    next = last.seq + 1
    if (next <= to) await breathe()
  }
}

/** Throws DoesNotFit unless the head names this entry, and is signed by a key that may vouch for it. */
export function assertCovered(head: StoredHead, end: Position, keys: KeyHistory): void {
  const { seq } = head
  if (keys.current === null) throw new DoesNotFit(seq, `entry ${seq} is of a gateway that has enrolled no key`)
  if (head.hash !== end.hash) throw new DoesNotFit(seq, `entry ${seq} is not the one that its gateway's key signed`)
  if (!keys.vouchesFor(head)) throw new DoesNotFit(seq, `the head at entry ${seq} is not signed by its gateway's key`)
}

import { setTimeout as sleep } from 'node:timers/promises'
import { hashEntry } from '@countersign/ledger/entry'
import { headText } from '@countersign/ledger/gateway-key'
import { nameOf, type Signer } from '../ledger/signer.ts'
import type { LedgerStore, StoredEntry, StoredHead } from '../store/store.ts'
import { ranIn, type Running, runningIn } from './ran.ts'
import { type Cursor, cursorBefore, readFrom } from './read.ts'

/** What is moved. */
export interface Source {
  /** The gateway's data directory. */
  readonly directory: string
  readonly gateway: string
  /** Entries in one call of the store. */
  readonly batch: number
}

/** The store knows another history of this gateway than its journal, or the journal's files are not what they were. */
export class OtherHistory extends Error {
  constructor(why: string) {
    super(`the ledger in the store is not this journal's: ${why}. Keep both as evidence, and start with a new data directory.`)
    this.name = 'OtherHistory'
  }
}

/** Reads a journal's files and hands their entries to the store, in order and in batches, each with a signed head. One `move` at a time. */
export class Mover {
  readonly #source: Source
  #cursor: Cursor | null = null
  #running: Running = new Map()
  /** Requests of whose runs the store has heard something, and nobody else yet. */
  readonly #untold = new Set<string>()
  #stopped = false

  constructor(source: Source) {
    this.#source = source
  }

  /** After the batch under way, `move` returns, now and later. */
  stop(): void {
    this.#stopped = true
  }

  /**
   * Every entry up to `durable`, which must be on disk, is in the store when it resolves: to the requests of whose runs they tell. Rejects with OtherHistory, or
   * as the store does; what it moved before it tells the next time.
   */
  async move(store: LedgerStore, durable: number, signer: Signer): Promise<readonly string[]> {
    await this.#move(store, durable, signer)
    const told = [...this.#untold]
    this.#untold.clear()
    return told
  }

  async #move(store: LedgerStore, durable: number, signer: Signer): Promise<void> {
    if (this.#stopped) return
    const { directory, gateway, batch } = this.#source
    this.#cursor ??= await this.#resume(store, durable, signer)
    let entries: StoredEntry[] = []
    for (const { seq, line, next } of readFrom(directory, this.#cursor, durable)) {
      entries.push({ gateway, seq, line })
      if (entries.length < batch && seq < durable) continue
      const began = performance.now()
      const { changed, running } = ranIn(entries, this.#running)
      await store.append(entries, signedHead(signer, { gateway, seq, hash: hashEntry(line) }), changed)
      this.#cursor = next
      this.#running = running
      for (const { request } of changed) this.#untold.add(request)
      entries = []
      // The store has one writer at a time, and others must get their turn: whoever waits for SQLite's lock is in no queue.
      if (seq < durable) await sleep(performance.now() - began)
      if (this.#stopped) return
    }
    if (this.#cursor.seq <= durable) throw new OtherHistory(`entry ${this.#cursor.seq} is gone from the journal's files`)
  }

  /** Asks the store how far it is, and whether what it has last is what stands here. */
  async #resume(store: LedgerStore, durable: number, signer: Signer): Promise<Cursor> {
    const { directory, gateway } = this.#source
    const stored = (await store.heads()).find((head) => head.gateway === gateway)?.seq ?? 0
    if (stored > durable)
      throw new OtherHistory(`the store has entry ${stored}, and the journal ends with ${durable}: its tail was lost, or it was restored from a backup`)
    this.#running = runningIn(await store.running(gateway))
    const start = await cursorBefore(directory, gateway, Math.max(stored, 1))
    if (!start) throw new OtherHistory(`entry ${Math.max(stored, 1)} is gone from the journal's files`)
    if (stored === 0) return start
    const known = (await store.read(gateway, stored, 1)).at(0)
    for (const { seq, line, next } of readFrom(directory, start, stored)) {
      if (seq !== stored || known?.line !== line) continue
      const [signed] = await store.signedHeads(gateway, stored, 1)
      if (!signed) await store.append([], signedHead(signer, { gateway, seq, hash: hashEntry(line) }))
      return next
    }
    throw new OtherHistory(`entry ${stored} of the store is not the one in the journal`)
  }
}

function signedHead(signer: Signer, head: Pick<StoredHead, 'gateway' | 'seq' | 'hash'>): StoredHead {
  return { ...head, key: nameOf(signer), signature: Buffer.from(signer.sign(headText(head))).toString('base64') }
}

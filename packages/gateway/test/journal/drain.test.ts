import { rmSync } from 'node:fs'
import { verifyChain } from '@countersign/ledger/verify'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { drainInto, type DrainOptions } from '../../src/journal/drain.ts'
import { segmentPath } from '../../src/journal/files.ts'
import { openJournal } from '../../src/journal/open.ts'
import { openStore } from '../../src/store/open.ts'
import { type LedgerStore, type StoredEntry, StoreUnavailable } from '../../src/store/store.ts'
import { linesOf, newDirectory } from './directory.ts'

/** A SQLite store's ledger, with a plug that can be pulled, and a count of what it is asked to take. */
class PluggedLedger implements LedgerStore {
  readonly batches: number[] = []
  down = false
  readonly #ledger: LedgerStore

  constructor(ledger: LedgerStore) {
    this.#ledger = ledger
  }

  async append(entries: readonly StoredEntry[]): Promise<void> {
    this.#ask()
    this.batches.push(entries.length)
    await this.#ledger.append(entries)
  }

  async read(gateway: string, from: number, limit: number): Promise<readonly StoredEntry[]> {
    this.#ask()
    return this.#ledger.read(gateway, from, limit)
  }

  async heads(): Promise<readonly { gateway: string; seq: number }[]> {
    this.#ask()
    return this.#ledger.heads()
  }

  #ask(): void {
    if (this.down) throw new StoreUnavailable('the store is down')
  }
}

async function newStore(): Promise<PluggedLedger> {
  const store = await openStore({ store: { kind: 'sqlite' }, data: newDirectory() })
  onTestFinished(() => store.close())
  return new PluggedLedger(store.ledger)
}

async function setup(directory: string, store: LedgerStore, options: DrainOptions = {}) {
  const journal = await openJournal({ directory, segmentBytes: 2000 })
  const drain = drainInto(store, journal, { everyMs: 5, batch: 7, ...options })
  const close = async () => {
    await drain.stop()
    await journal.close()
  }
  onTestFinished(close)
  const append = async (count: number) => {
    for (let index = 0; index < count; index += 1) await journal.append({ type: 'action.decided', body: { index }, secret: { text: 'SELECT 1' } }, 'process')
  }
  return { journal, drain, append, close }
}

const linesIn = async (store: LedgerStore, gateway: string) => (await store.read(gateway, 1, 1000)).map(({ line }) => line)

describe('draining a journal into the store', () => {
  it('moves every entry once and as it is, in batches, over restarts and full segments', async () => {
    const directory = newDirectory()
    const store = await newStore()
    for (let run = 0; run < 3; run += 1) {
      const { append, close, drain } = await setup(directory, store)
      await append(20)
      if (run !== 1) await drain.flush()
      await close()
    }
    const { journal, drain } = await setup(directory, store)
    await drain.flush()
    const lines = await linesIn(store, journal.gateway)
    expect(lines).toEqual(await linesOf(directory, journal.gateway))
    expect(await verifyChain(lines, { gateway: journal.gateway })).toMatchObject({ bad: null, entries: 60 })
    expect(Math.max(...store.batches)).toBeLessThanOrEqual(7)
    expect(store.batches.reduce((sum, count) => sum + count, 0)).toBe(60)
  })

  it('happens by itself', async () => {
    const store = await newStore()
    const { append, journal } = await setup(newDirectory(), store)
    await append(30)
    await vi.waitFor(async () => expect(await store.heads()).toEqual([{ gateway: journal.gateway, seq: 30 }]))
    await append(1)
    await vi.waitFor(async () => expect(await store.heads()).toEqual([{ gateway: journal.gateway, seq: 31 }]))
  })

  it('tries again when the store was down, and no entry waits for it', async () => {
    const store = await newStore()
    const onTrouble = vi.fn<(error: unknown) => void>()
    const { append, drain, journal } = await setup(newDirectory(), store, { onTrouble })
    await append(3)
    await drain.flush()
    store.down = true
    await append(10)
    await vi.waitFor(() => expect(onTrouble.mock.calls.length).toBeGreaterThan(1))
    await expect(drain.flush()).rejects.toThrow('the store is down')
    expect(journal.broken).toBeNull()
    store.down = false
    await vi.waitFor(async () => expect(await store.heads()).toEqual([{ gateway: journal.gateway, seq: 13 }]))
  })

  it.each([
    ['has another entry', 3],
    ['has entries that the journal lost', 4],
  ])('stops the journal when the store %s', async (_name, seq) => {
    const directory = newDirectory()
    const first = await setup(directory, await newStore(), { everyMs: 60_000 })
    await first.append(3)
    await first.close()
    const store = await newStore()
    await store.append([{ gateway: first.journal.gateway, seq, line: '{}' }])
    const { journal, append, drain } = await setup(directory, store, { everyMs: 60_000 })
    await expect(drain.flush()).rejects.toThrow("the ledger in the store is not this journal's")
    expect(journal.broken).toContain("is not this journal's")
    await expect(append(1)).rejects.toMatchObject({ name: 'JournalBroken' })
  })

  it('stops the journal when its files are gone', async () => {
    const directory = newDirectory()
    const { journal, append, drain } = await setup(directory, await newStore(), { everyMs: 60_000 })
    await append(3)
    rmSync(segmentPath(directory, { gateway: journal.gateway, number: 1 }))
    await expect(drain.flush()).rejects.toThrow("is gone from the journal's files")
    expect(journal.broken).not.toBeNull()
  })
})

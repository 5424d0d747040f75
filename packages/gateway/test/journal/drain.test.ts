import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Worker } from 'node:worker_threads'
import { isSignedHead } from '@countersign/ledger/gateway-key'
import { hashEntry } from '@countersign/ledger/entry'
import { verifyChain } from '@countersign/ledger/verify'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { drainInto, type DrainOptions } from '../../src/journal/drain.ts'
import { segmentPath } from '../../src/journal/files.ts'
import { type LocalJournal, openJournal } from '../../src/journal/open.ts'
import { nameOf } from '../../src/ledger/signer.ts'
import { SigningKey } from '../../src/ledger/signing-key.ts'
import { openStore } from '../../src/store/open.ts'
import type { LedgerStore, StoreEvent } from '../../src/store/store.ts'
import { linesOf, newDirectory } from './directory.ts'

const KEY = new SigningKey(generateKeyPairSync('ed25519').privateKey)

/** A store as the gateway's main thread has it open, beside the drain's own connection. */
async function newStore() {
  const config = { store: { kind: 'sqlite' }, data: newDirectory() } as const
  const store = await openStore(config)
  onTestFinished(() => store.close())
  return { config, store, ledger: store.ledger }
}

type StoreConfig = Parameters<typeof drainInto>[0]

async function setup(directory: string, config: StoreConfig, options: DrainOptions = {}) {
  const journal = await openJournal({ directory, segmentBytes: 2000 })
  const drain = drainInto(config, journal, KEY, { everyMs: 5, batch: 7, ...options })
  const close = async () => {
    await drain.stop()
    await journal.close()
  }
  onTestFinished(close)
  return { journal, drain, append: appender(journal), close }
}

const appender = (journal: LocalJournal) => async (count: number) => {
  for (let index = 0; index < count; index += 1) await journal.append({ type: 'action.decided', body: { index }, secret: { text: 'SELECT 1' } }, 'process')
}

const linesIn = async (ledger: LedgerStore, gateway: string) => (await ledger.read(gateway, 1, 1000)).map(({ line }) => line)

/** Every thread that this process starts while `work` runs. */
async function threadsOf(work: () => Promise<void>): Promise<readonly Worker[]> {
  const threads: Worker[] = []
  const seen = (thread: Worker) => threads.push(thread)
  process.on('worker', seen)
  await work().finally(() => process.off('worker', seen))
  return threads
}

/** Holds SQLite's write lock, as a backup that goes wrong does. */
function lock(config: StoreConfig): { release(): void } {
  const database = new DatabaseSync(join(config.data, 'countersign.db'))
  database.exec('BEGIN EXCLUSIVE')
  return { release: () => database.close() }
}

/** A thread starts in some hundred milliseconds, on a busy machine in more; a locked SQLite says so after two seconds. */
const PATIENT = { timeout: 15_000 }

describe('draining a journal into the store', { timeout: 30_000 }, () => {
  it('moves every entry as it is, over restarts and full segments', async () => {
    const directory = newDirectory()
    const { config, ledger } = await newStore()
    for (let run = 0; run < 3; run += 1) {
      const { append, close, drain } = await setup(directory, config)
      await append(20)
      if (run !== 1) await drain.flush()
      await close()
    }
    const { journal, drain } = await setup(directory, config)
    await drain.flush()
    const lines = await linesIn(ledger, journal.gateway)
    expect(lines).toEqual(await linesOf(directory, journal.gateway))
    expect(await verifyChain(lines, { gateway: journal.gateway })).toMatchObject({ bad: null, entries: 60 })
  })

  it('signs the head of each batch, so that entries which no gateway wrote have none', async () => {
    const { config, ledger } = await newStore()
    const { append, journal, drain } = await setup(newDirectory(), config, { everyMs: 60_000 })
    await append(20)
    await drain.flush()
    const lines = await linesIn(ledger, journal.gateway)
    const heads = await ledger.signedHeads(journal.gateway, 1, 100)
    expect(heads.map(({ seq }) => seq)).toEqual([7, 14, 20])
    expect(heads.map(({ hash }) => hash)).toEqual([7, 14, 20].map((seq) => hashEntry(lines[seq - 1] ?? '')))
    expect(heads.every((head) => isSignedHead(head, nameOf(KEY)))).toBe(true)
    expect(drain.moved).toBe(20)
  })

  it('signs what a store has from before there were keys', async () => {
    const directory = newDirectory()
    const { config, ledger } = await newStore()
    const { append, journal, close } = await setup(directory, config, { everyMs: 60_000 })
    await append(3)
    await ledger.append((await linesOf(directory, journal.gateway)).map((line, index) => ({ gateway: journal.gateway, seq: index + 1, line })))
    await close()
    const { drain } = await setup(directory, config, { everyMs: 60_000 })
    await drain.flush()
    expect((await ledger.signedHeads(journal.gateway, 1, 100)).map((head) => [head.seq, isSignedHead(head, nameOf(KEY))])).toEqual([[3, true]])
  })

  it('shares one move between all who ask while another is under way', async () => {
    const { config, ledger } = await newStore()
    const { append, journal, drain } = await setup(newDirectory(), config, { everyMs: 60_000, batch: 1_000 })
    await append(3)
    const first = drain.flush()
    await append(3)
    await Promise.all([first, ...Array.from({ length: 50 }, () => drain.flush())])
    expect((await ledger.signedHeads(journal.gateway, 1, 100)).map(({ seq }) => seq)).toEqual([expect.any(Number), 6])
  })

  it('moves what is longer than is read at once', async () => {
    const { config, ledger } = await newStore()
    const { append, journal, drain } = await setup(newDirectory(), config)
    await append(1)
    await journal.append({ type: 'action.decided', body: {}, secret: { text: 'é'.repeat(700_000) } }, 'process')
    await append(1)
    await drain.flush()
    expect(await linesIn(ledger, journal.gateway)).toEqual(await linesOf(journal.directory, journal.gateway))
  })

  it('happens by itself, and tells no listener of the store', async () => {
    const { config, store, ledger } = await newStore()
    const listener = vi.fn<(event: StoreEvent) => void>()
    store.subscribe(listener)
    const { append, journal } = await setup(newDirectory(), config)
    await append(30)
    await vi.waitFor(async () => expect(await ledger.heads()).toEqual([{ gateway: journal.gateway, seq: 30 }]), PATIENT)
    await append(1)
    await vi.waitFor(async () => expect(await ledger.heads()).toEqual([{ gateway: journal.gateway, seq: 31 }]), PATIENT)
    expect(listener).not.toHaveBeenCalled()
  })

  it('tries again when the store was down, and no entry waits for it', async () => {
    const { config, ledger } = await newStore()
    const onTrouble = vi.fn<(error: unknown) => void>()
    const { append, drain, journal } = await setup(newDirectory(), config, { onTrouble })
    await append(3)
    await drain.flush()
    const locked = lock(config)
    await append(10) // it is locked until we say so
    await vi.waitFor(() => expect(onTrouble).toHaveBeenCalled(), PATIENT)
    await expect(drain.flush()).rejects.toThrow('database is locked')
    expect(journal.broken).toBeNull()
    locked.release()
    await vi.waitFor(async () => expect(await ledger.heads()).toEqual([{ gateway: journal.gateway, seq: 13 }]), PATIENT)
  })

  it('makes a new connection when the store could not be opened', async () => {
    const { config, ledger } = await newStore()
    const path = join(config.data, 'later')
    const onTrouble = vi.fn<(error: unknown) => void>()
    const { append, drain } = await setup(newDirectory(), { ...config, data: path }, { onTrouble })
    await append(3)
    await expect(drain.flush()).rejects.toThrow('ENOENT')
    mkdirSync(path)
    const later = await openStore({ ...config, data: path })
    onTestFinished(() => later.close())
    await vi.waitFor(async () => expect((await later.ledger.heads()).at(0)?.seq).toBe(3), PATIENT)
    expect(await ledger.heads()).toEqual([])
  })

  it('gets a new thread when its thread died, says so, and loses nothing', async () => {
    const { config, ledger } = await newStore()
    const directory = newDirectory()
    const { append, drain, journal } = await setup(directory, config, { everyMs: 60_000 })
    await append(3)
    const [thread] = await threadsOf(() => drain.flush())
    expect(thread).toBeDefined()
    const locked = lock(config)
    await append(50)
    setTimeout(() => void thread?.terminate(), 100)
    await expect(drain.flush()).rejects.toThrow('the thread that moves ledger entries into the store died')
    locked.release()
    await drain.flush()
    expect(journal.broken).toBeNull()
    expect(await linesIn(ledger, journal.gateway)).toEqual(await linesOf(directory, journal.gateway))
  })

  it('ends its thread when it is stopped, even while the store is silent', async () => {
    const { config, ledger } = await newStore()
    const { append, drain, journal } = await setup(newDirectory(), config, { everyMs: 60_000 })
    await append(3)
    const threads = await threadsOf(() => drain.flush())
    expect(threads.length).toBeGreaterThan(0)
    const locked = lock(config)
    await append(20)
    const moving: Promise<unknown> = drain.flush().catch(() => 'failed')
    await drain.stop()
    await moving
    locked.release()
    expect(threads.map(({ threadId }) => threadId)).toEqual(threads.map(() => -1))
    await drain.flush()
    expect(await ledger.heads()).toEqual([{ gateway: journal.gateway, seq: 3 }])
  })

  it('keeps nobody from writing to the store, and gets there in the end', async () => {
    const { config, store, ledger } = await newStore()
    const { journal, append } = await setup(newDirectory(), config, { batch: 100 })
    await append(2_000)
    // SQLite's lock is in no order: neither side may be locked out for good, however eager the other is.
    for (let beats = 0; beats < 300; beats += 1) await store.gateways.beat('gw-other', beats, null)
    await vi.waitFor(async () => expect(await ledger.heads()).toEqual([{ gateway: journal.gateway, seq: 2_000 }]), PATIENT)
  })

  it.each([
    ['has another entry', 3],
    ['has entries that the journal lost', 4],
  ])('stops the journal when the store %s', async (_name, seq) => {
    const directory = newDirectory()
    const first = await setup(directory, (await newStore()).config, { everyMs: 60_000 })
    await first.append(3)
    await first.close()
    const { config, ledger } = await newStore()
    await ledger.append([{ gateway: first.journal.gateway, seq, line: '{}' }])
    const { journal, append, drain } = await setup(directory, config, { everyMs: 60_000 })
    await expect(drain.flush()).rejects.toThrow("the ledger in the store is not this journal's")
    expect(journal.broken).toContain("is not this journal's")
    await expect(append(1)).rejects.toMatchObject({ name: 'JournalBroken' })
  })

  it('stops the journal when its files are gone', async () => {
    const directory = newDirectory()
    const { journal, append, drain } = await setup(directory, (await newStore()).config, { everyMs: 60_000 })
    await append(3)
    rmSync(segmentPath(directory, { gateway: journal.gateway, number: 1 }))
    await expect(drain.flush()).rejects.toThrow("is gone from the journal's files")
    expect(journal.broken).not.toBeNull()
  })
})

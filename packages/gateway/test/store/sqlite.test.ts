import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { aGrant } from '../../../core/test/arbitraries.ts'
import { openLedger, openStore, openTree } from '../../src/store/open.ts'
import { StoreUnavailable } from '../../src/store/store.ts'
import type { Bed } from './bed.ts'
import { storeSuite } from './suite.ts'

const LOCK_MS = 1_500

const open = (data: string) => openStore({ store: { kind: 'sqlite' }, data })

function bed(): Promise<Bed> {
  const data = mkdtempSync(join(tmpdir(), 'countersign-store-'))
  const sql = (text: string) => {
    const database = new DatabaseSync(join(data, 'countersign.db'))
    database.exec(text)
    database.close()
    return Promise.resolve()
  }
  return Promise.resolve({
    open: () => open(data),
    openLedger: () => openLedger({ store: { kind: 'sqlite' }, data }),
    openTree: () => openTree({ store: { kind: 'sqlite' }, data }),
    sql,
    schema: '',
    remove: () => Promise.resolve(rmSync(data, { recursive: true })),
  })
}

storeSuite('SQLite', bed)

describe('the SQLite store', () => {
  let data = ''
  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'countersign-store-'))
  })
  afterEach(() => rmSync(data, { recursive: true }))

  test('is its owner’s alone, its journal too', async () => {
    const folder = join(data, 'new', 'data')
    const store = await open(folder)
    await store.grants.insert(aGrant())
    const modes = ['', 'countersign.db', 'countersign.db-wal', 'countersign.db-shm'].map((name) => (statSync(join(folder, name)).mode & 0o777).toString(8))
    expect(modes).toEqual(['700', '600', '600', '600'])
    await store.close()
  })

  test('keeps the event loop free while another process holds the lock', async () => {
    const store = await open(data)
    const locked = await lockElsewhere(data)
    const stall = measureStall()
    const before = performance.now()
    await store.grants.insert(aGrant())
    // The control: the write did wait for the lock.
    expect(performance.now() - before).toBeGreaterThan(LOCK_MS / 2)
    expect(stall()).toBeLessThan(LOCK_MS / 2)
    await locked.ended
    await store.close()
  })

  test('does not begin what it was given up for', { timeout: 30_000 }, async () => {
    const store = await open(data)
    // Longer than whoever waits has patience (5 s), and not in step with how long each write waits for the lock (2 s).
    const locked = await lockElsewhere(data, 6_500)
    const grants = Array.from({ length: 5 }, (_, index) => aGrant({ id: `grant-${index}` }))
    const refused = await Promise.all(grants.map((grant) => store.grants.insert(grant).catch((error: unknown) => error)))
    expect(refused.map(String)).toEqual([
      ...Array(2).fill(expect.stringContaining('database is locked')),
      ...Array(3).fill(expect.stringContaining('has not answered for 5 s')),
    ])
    await locked.ended
    await store.grants.insert(aGrant({ id: 'another' })) // behind all that still waited
    expect((await store.grants.list({})).map(({ id }) => id)).toEqual(['another'])
    await store.close()
  })

  test('takes back what it was given up for while it waited for the lock, and begins nothing of the rest', { timeout: 30_000 }, async () => {
    const store = await open(data)
    // One of many that have patience until 7 s waits for the lock from 6 s on, and gets it after that.
    const locked = await lockElsewhere(data, 7_500)
    const heard: string[] = []
    store.subscribe((event) => void ('id' in event && heard.push(event.id)))
    const insert = (id: string) => store.grants.insert(aGrant({ id })).catch((error: unknown) => error)
    const first = insert('first')
    const read = store.grants.list({}) // its answer, behind the first at 2 s, is what the others count from
    const others = Array.from({ length: 200 }, async (_, index) => {
      await sleep(index * 5) // so that their timers end in no order
      return insert(`grant-${index}`)
    })
    expect(await read).toEqual([])
    for (const error of await Promise.all([first, ...others])) expect(error).toBeInstanceOf(StoreUnavailable)
    await locked.ended
    await store.grants.insert(aGrant({ id: 'another' }))
    expect((await store.grants.list({})).map(({ id }) => id)).toEqual(['another'])
    expect(heard).toEqual(['another'])
    await store.close()
  })

  test('closed under a waiting write, rejects it', async () => {
    const store = await open(data)
    const locked = await lockElsewhere(data)
    const waiting = store.grants.insert(aGrant()).catch((error: unknown) => error)
    await new Promise((resolve) => setTimeout(resolve, 100))
    await store.close()
    expect(await waiting).toBeInstanceOf(StoreUnavailable)
    await locked.ended
  })

  test('does not open a file that is no database', async () => {
    writeFileSync(join(data, 'countersign.db'), 'certainly not a database '.repeat(100))
    await expect(open(data)).rejects.toThrow(StoreUnavailable)
    await expect(open(data)).rejects.toThrow('not a database')
  })
})

/** Another process that takes the write lock, and holds it for so long from when this resolves. */
async function lockElsewhere(folder: string, ms = LOCK_MS): Promise<{ readonly ended: Promise<unknown> }> {
  const script = `
    const { DatabaseSync } = require('node:sqlite')
    const database = new DatabaseSync(${JSON.stringify(join(folder, 'countersign.db'))})
    database.exec('begin immediate')
    console.log('locked')
    setTimeout(() => database.exec('rollback'), ${ms})`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  await once(child.stdout, 'data')
  return { ended }
}

/** Starts measuring; the returned function ends it with the longest time that the event loop stood still, in milliseconds. */
function measureStall(): () => number {
  let last = performance.now()
  let longest = 0
  const look = () => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }
  const timer = setInterval(look, 5)
  return () => {
    look()
    clearInterval(timer)
    return longest
  }
}

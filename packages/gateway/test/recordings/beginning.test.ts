import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { workerId } from '../../src/journal/files.ts'
import { type LocalJournal, openJournal } from '../../src/journal/open.ts'
import { openRecordings } from '../../src/recordings/open.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'

let folder: string
let store: Store
let journal: LocalJournal

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-beginning-'))
  journal = await openJournal({ directory: folder })
  store = await openStore({ store: { kind: 'sqlite' }, data: folder })
})

afterEach(async () => {
  await store.close()
  await journal.close()
  rmSync(folder, { recursive: true })
})

/** As a gateway does when it starts; it is killed before it has recorded anything. */
async function start(workers: number): Promise<void> {
  const config = { data: folder, workers, resources: {}, recordings: { place: { directory: join(folder, 'kept') }, key: null, retentionMs: null } }
  const log = pino({ level: 'silent' })
  await (await openRecordings({ config, store, journal, local: journal, clock: systemClock, log }, true))?.close()
}

/** A worker's journal has come to be, with this many entries, and they are in the store. */
async function writes(worker: number, entries: number): Promise<string> {
  const own = await openJournal({ directory: folder, worker })
  for (let seq = 1; seq <= entries; seq += 1) await own.append({ type: 'session.started', body: { session: `ses-${seq}` } }, 'disk')
  await own.close()
  const lines = Array.from({ length: entries }, (_, index) => ({ gateway: own.gateway, seq: index + 1, line: '{}' }))
  await store.ledger.append(lines)
  return own.gateway
}

test('what a worker wrote before recordings were configured is not recorded', async () => {
  const worker = await writes(1, 3)
  await start(2)
  expect(await store.recordings.place(worker)).toBe(4)
})

test('what it wrote until its gateway was killed is, however soon that was', async () => {
  await start(2)
  const worker = await writes(2, 3)
  expect(worker).toBe(workerId(journal.gateway, 2))
  await start(1)
  expect(await store.recordings.place(worker)).toBe(1)
})

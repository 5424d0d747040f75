import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Caller } from '../../src/identity/caller.ts'
import { Library, type Search } from '../../src/recordings/library.ts'
import type { RecordingRecord } from '../../src/store/recording-store.ts'
import { BOB_CALLS, type Bed, openBed } from '../workflow/bed.ts'

const AUDITOR: Caller = { ...BOB_CALLS, auditor: true }
const ANY: Search = { text: 'orders', object: null, principal: null, resource: null, from: null, until: null, after: null, limit: 50 }

let bed: Bed
let library: Library
beforeAll(async () => {
  bed = await openBed()
  const { store, journal } = bed.context
  const scanned = { read: 1, found: [{ session: 'ses-kept', matches: 1, first: [], broken: null }] }
  const thread = {
    run: () => true,
    scan: ({ recordings }: { readonly recordings: readonly RecordingRecord[] }) => Promise.resolve(recordings.length > 0 ? scanned : { read: 0, found: [] }),
  }
  library = new Library({ store, journal, key: {} as never, place: {} as never, thread, making: {} as never })
  await put('kept', 0)
  for (let at = 1; at <= 501; at++) await put(`deleted-${at}`, at, { stage: 'deleted', deleted: { at: 1_000, why: 'erasure' } })
}, 60_000)
afterAll(() => bed.close())

async function put(name: string, startedAt: number, over: Partial<RecordingRecord> = {}): Promise<void> {
  const about = { session: `ses-${name}`, version: 1, gateway: 'gw-a', user: 'alice', principal: 'alice/claude', resource: 'orders' }
  const counts = { startedAt, endedAt: startedAt, statements: 1, failed: 0, rows: 0, answered: 0, sha256: '0'.repeat(64), bytes: 1, afterSeq: 1 }
  await bed.context.store.recordings.insert({ ...about, ...counts, stage: 'recorded', deleted: null, ...over })
}

test('what is behind hundreds that were deleted is found on a later page', async () => {
  let [page, pages] = [await library.search(AUDITOR, ANY), 1]
  for (; page.recordings.length === 0 && page.next !== null; pages++) page = await library.search(AUDITOR, { ...ANY, after: page.next })
  expect(page.recordings.map(({ record }) => record.session)).toEqual(['ses-kept'])
  expect(pages).toBe(2)
  expect(page.next).toBeNull()
})

test('an agent that looks for another’s is shown none, and not its own instead', async () => {
  const claude: Caller = { ...BOB_CALLS, principal: { user: 'alice', agent: 'claude', groups: [] } }
  const found = async (principal: string | null) => (await library.search(claude, { ...ANY, text: null, principal })).recordings.length
  expect([await found(null), await found('alice/claude'), await found('alice')]).toEqual([50, 50, 0])
})

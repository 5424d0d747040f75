import { encodeEntry, NO_PREVIOUS } from '@countersign/ledger/entry'
import { afterEach, expect, test, vi } from 'vitest'
import { readBack } from '../../src/evidence/read-back.ts'
import type { Leaf } from '../../src/store/store.ts'

const LATE = 5_000

/** A leaf a second, and last one that a gateway which was cut off had written long before. */
const leaves: readonly Leaf[] = Array.from({ length: 600 }, (_, index) => {
  const at = index === 599 ? LATE : index * 1_000
  const entry = { v: 1, gateway: 'gw-a', seq: index + 1, prev: NO_PREVIOUS, at, type: 'test.happened', body: {} } as const
  return { index, gateway: 'gw-a', seq: index + 1, line: encodeEntry(entry) }
})
const tree = {
  state: () => Promise.resolve({ origin: 'countersign/tree-0123456789', size: leaves.length, term: 0, holder: null, beat: 0 }),
  read: (from: number, limit: number) => Promise.resolve(leaves.slice(from, from + limit)),
}

afterEach(() => void vi.restoreAllMocks())

test('since the time that is said all was read, though something older came late', async () => {
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 1_000)) // time is up after two stretches
  const given: number[] = []
  const since = await readBack(tree, 0, ({ entry }) => void given.push(entry.at))
  const missed = leaves.map((_, index) => index * 1_000).filter((at) => at >= since && at !== 599_000 && !given.includes(at))
  expect(missed).toEqual([])
  expect(since).toBeLessThan(500_000)
})

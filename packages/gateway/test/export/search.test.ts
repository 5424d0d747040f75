import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEntry } from '@countersign/ledger/entry'
import { eventsOf } from '@countersign/ledger/group'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readBack } from '../../src/evidence/read-back.ts'
import { type Found, LedgerSearch, type Wanted } from '../../src/export/search.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { grouped, leavesOf, SAMPLES, START } from './samples.ts'
import { grow } from './tree.ts'

const ANY: Wanted = { type: null, person: null, resource: null, request: null, session: null, from: null, until: null, before: null, limit: 200 }

/** More leaves than are read at once. */
const ALL = Object.values(SAMPLES)
const LEAVES = leavesOf(Array.from({ length: 12 }, (_, day) => [...ALL, grouped(ALL.slice(day * 3, day * 3 + 4))]).flat())
const EVENTS = LEAVES.flatMap((leaf) => {
  const entry = parseEntry(leaf.line)
  return eventsOf(entry).map((event, at) => ({ index: leaf.index, at, when: entry.at, event }))
}).toReversed()

let folder: string
let store: Store
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-search-'))
  store = await openStore({ store: { kind: 'sqlite' }, data: folder })
  await grow(store, LEAVES)
})
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

const names = (found: readonly Found[]) => found.map(({ leaf, at }) => `${leaf.index}/${at}`)

async function pages(wanted: Wanted): Promise<readonly string[]> {
  const search = new LedgerSearch(store)
  const found: string[] = []
  for (let before: number | null = wanted.before; ;) {
    const page = await search.search({ ...wanted, before })
    found.push(...names(page.found))
    if (page.next === null) return found
    before = page.next
  }
}

test('whatever is looked for, page by page, is what a look at every event finds, the newest first', async () => {
  expect(await pages(ANY)).toEqual(EVENTS.map(({ index, at }) => `${index}/${at}`))
  const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
  const when = fc.integer({ min: START, max: START + LEAVES.length * 1_000 })
  const wanted = fc.record({
    type: maybe(fc.constantFrom('request', 'request.approved', 'action', 'action.started', 'session', 'nothing')),
    request: maybe(fc.constantFrom('req-1', 'req-2')),
    session: maybe(fc.constantFrom('ses-1', 'ses-2')),
    from: maybe(when),
    until: maybe(when),
    limit: fc.integer({ min: 1, max: 200 }),
  })
  const check = async ({ type, request, session, from, until, limit }: Omit<Wanted, 'person' | 'resource' | 'before'>) => {
    const expected = EVENTS.filter(
      ({ when: at, event: { type: is, body } }) =>
        (type === null || is === type || is.split('.')[0] === type) &&
        (request === null || [body['request'], ...[body['requests']].flat()].includes(request)) &&
        (session === null || body['session'] === session) &&
        (from === null || at >= from) &&
        (until === null || at < until),
    )
    expect(await pages({ ...ANY, type, request, session, from, until, limit })).toEqual(expected.map(({ index, at }) => `${index}/${at}`))
  }
  await fc.assert(fc.asyncProperty(wanted, check), { numRuns: 12 })
})

test('a person is found by what is about him and by what he did, and not by a name that only begins alike', async () => {
  const search = new LedgerSearch(store)
  const types = async (person: string) => new Set((await search.search({ ...ANY, person })).found.map(({ event }) => event.type))
  expect(await types('root@example.com')).toContain('session.killed')
  expect(await types('alice@example.com')).toContain('action.started')
  expect(await types('alice@example.co')).toEqual(new Set())
})

test('figures are counted from every entry since a time, and from none before it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: START, max: START + (LEAVES.length + 2) * 1_000 }), async (from) => {
      const read: number[] = []
      const since = await readBack(store.tree, from, ({ leaf }) => read.push(leaf.index))
      expect(since).toBe(from)
      expect(read.toSorted((a, b) => a - b)).toEqual(LEAVES.filter(({ line }) => parseEntry(line).at >= from).map(({ index }) => index))
    }),
    { numRuns: 8 },
  )
})

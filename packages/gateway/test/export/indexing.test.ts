import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LedgerIndexing } from '../../src/export/indexing.ts'
import { LedgerSearch, type Wanted } from '../../src/export/search.ts'
import { openStore } from '../../src/store/open.ts'
import { BLOCK } from '../../src/store/ledger-index-store.ts'
import type { Store } from '../../src/store/store.ts'
import { grouped, leavesOf, SAMPLES, START } from './samples.ts'
import { grow } from './tree.ts'

const ALL = Object.values(SAMPLES)
/** Some three blocks, and a beginning of another. */
const LEAVES = leavesOf([
  ...Array.from({ length: 15 }, (_, day) => [...ALL, grouped(ALL.slice(day % 20, (day % 20) + 4))]).flat(),
  ...Array.from({ length: 40 }, () => ALL[0]!),
])
const ANY: Wanted = { type: null, person: null, resource: null, request: null, session: null, from: null, until: null, before: null, limit: 50 }

let folder: string
let store: Store
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-indexing-'))
  store = await openStore({ store: { kind: 'sqlite' }, data: folder })
  await grow(store, LEAVES)
})
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

/** All that is found, and how many leaves were read for it. */
async function found(wanted: Wanted) {
  let read = 0
  const tree = {
    state: () => store.tree.state(),
    tile: (level: number, n: number) => store.tree.tile(level, n),
    checkpoint: () => store.tree.checkpoint(),
    read: (from: number, limit: number) => {
      read += limit
      return store.tree.read(from, limit)
    },
  }
  const search = new LedgerSearch({ ...store, tree })
  const names: string[] = []
  for (let before = wanted.before; ;) {
    const page = await search.search({ ...wanted, before })
    names.push(...page.found.map(({ leaf, at, person, resource }) => `${leaf.index}/${at} ${person} ${resource}`))
    if (page.next === null) return { names, read }
    before = page.next
  }
}

test('the same is found with an index, with the beginning of one and without, and less is read', async () => {
  const indexing = new LedgerIndexing(store)
  /** More often not: who asks for everything at once finds nothing. */
  const maybe = <T>(value: fc.Arbitrary<T>) => fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, value)
  const when = fc.integer({ min: START, max: START + LEAVES.length * 1_000 })
  const wanted = fc.record({
    type: maybe(fc.constantFrom('request', 'request.approved', 'action', 'action.started', 'session', 'nothing')),
    person: maybe(fc.constantFrom('alice@example.com', 'root@example.com', 'alice@example.co', 'nobody')),
    resource: maybe(fc.constantFrom('orders-db', 'nowhere')),
    request: maybe(fc.constantFrom('req-1', 'req-2')),
    session: maybe(fc.constantFrom('ses-1', 'ses-2')),
    from: maybe(when),
    until: maybe(when),
    before: maybe(fc.nat(LEAVES.length)),
    limit: fc.integer({ min: 20, max: 200 }),
  })
  const asked = fc.sample(wanted, 20)
  const results = async () => (await Promise.all(asked.map(found))).map(({ names }) => names)
  const without = await results()
  expect(without.filter((names) => names.length > 0).length).toBeGreaterThan(3)
  expect(await indexing.turn(2 * BLOCK + 5)).toBe(2)
  expect(await results()).toEqual(without)
  while ((await indexing.turn(LEAVES.length)) > 0);
  expect(await store.ledgerIndex.count()).toBe(Math.floor(LEAVES.length / BLOCK))
  expect(await results()).toEqual(without)
  const tail = LEAVES.length % BLOCK
  expect(await found({ ...ANY, request: 'req-nowhere' })).toEqual({ names: [], read: tail })
  expect((await found({ ...ANY, until: START + 1_000 })).read).toBeLessThanOrEqual(tail + BLOCK)
})

test('no name and nothing that was typed stands in the index', () => {
  const database = new DatabaseSync(join(folder, 'countersign.db'), { readOnly: true })
  const terms = database
    .prepare('SELECT term FROM ledger_terms')
    .all()
    .map(({ term }) => term)
  database.close()
  expect(terms.length).toBeGreaterThan(20)
  expect(terms.filter((term) => !/^[\w-]{22}$/.test(String(term)))).toEqual([])
})

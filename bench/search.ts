/**
 * What a search of a large ledger takes with and without its index, and what the index costs, on SQLite: `node bench/search.ts [entries]`.
 * Statements of 50 people in sessions of a hundred, with a request among every 500; what is looked for is of the ledger's first hundredth.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonValue } from '@countersign/ledger/canonical'
import { encodeEntry, hashEntry, NO_PREVIOUS } from '@countersign/ledger/entry'
import { LedgerIndexing } from '../packages/gateway/src/export/indexing.ts'
import { LedgerSearch, type Wanted } from '../packages/gateway/src/export/search.ts'
import { BLOCK } from '../packages/gateway/src/store/ledger-index-store.ts'
import { openLedger, openStore, openTree } from '../packages/gateway/src/store/open.ts'

const [count = 1_000_000] = process.argv.slice(2).map(Number)
const BATCH = 500
const GATEWAY = 'gw-0000000001'
const SEALED = { key: 'gw-0000000001-000001', nonce: 'A'.repeat(16), data: 'B'.repeat(600) }
const SECOND = 1_000
const ANY: Wanted = { type: null, person: null, resource: null, request: null, session: null, from: null, until: null, before: null, limit: 50 }

const data = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
const config = { store: { kind: 'sqlite' }, data } as const
const store = await openStore(config)
await fill()
const old = Math.floor(count / 100)
const WANTED: Readonly<Record<string, Partial<Wanted>>> = {
  'a request': { request: `req-${old - (old % 500)}` },
  'a person, a time': { person: personOf(Math.floor(old / 100)), from: (old - 200) * SECOND, until: (old + 200) * SECOND },
  'a time': { from: (old - 100) * SECOND, until: old * SECOND },
  nobody: { person: 'nobody@example.com' },
}
await look('without an index')
const size = () => statSync(join(data, 'countersign.db')).size
const before = size()
const apart = await openTree(config)
const indexing = new LedgerIndexing(apart)
const [began, processor] = [performance.now(), process.cpuUsage()]
while ((await indexing.turn(count)) > 0);
const { user, system } = process.cpuUsage(processor)
await apart.close()
say(
  `indexed ${Math.floor(count / BLOCK)} blocks in ${seconds(began)}: ${((user + system) / count).toFixed(1)} µs of processor time an entry, ${((size() - before) / count).toFixed(1)} bytes`,
)
await look('with an index')
await store.close()
rmSync(data, { recursive: true })

async function look(how: string): Promise<void> {
  const search = new LedgerSearch(store)
  for (const [what, wanted] of Object.entries(WANTED)) {
    const began = performance.now()
    let [found, steps] = [0, 0]
    for (let from: number | null = null; ; steps++) {
      const page = await search.search({ ...ANY, ...wanted, before: from })
      found += page.found.length
      if (page.next === null) break
      from = page.next
    }
    say(`${how}: ${what}: ${found} events in ${seconds(began)}, ${steps + 1} steps`)
  }
}

function personOf(session: number): string {
  return `person-${session % 50}@example.com`
}

/** Sessions of a hundred statements; each entry has two events, as with one client. */
async function fill(): Promise<void> {
  const ledger = await openLedger(config)
  let prev = NO_PREVIOUS
  for (let seq = 1; seq <= count;) {
    const batch = []
    for (; batch.length < BATCH && seq <= count; seq++) {
      const [type, body] = contentOf(seq)
      const line = encodeEntry({ v: 1, gateway: GATEWAY, seq, prev, at: seq * SECOND, type, body, commitment: 'c'.repeat(64), sealed: SEALED })
      prev = hashEntry(line)
      batch.push({ gateway: GATEWAY, seq, line })
    }
    await ledger.append(batch)
  }
  await ledger.close()
  const state = await store.tree.take(GATEWAY, await store.tree.state())
  await store.tree.extend({ term: state?.term ?? 0, from: 0, to: count, runs: [{ start: 0, gateway: GATEWAY, seq: 1, count }], tiles: [], keyLeaves: [] })
}

function contentOf(seq: number): readonly [string, Record<string, JsonValue>] {
  const number = Math.floor(seq / 100)
  const about = { principal: personOf(number), resource: `db-${number % 10}` }
  const session = `ses-${number}`
  if (seq % 100 === 0) return ['session.started', { ...about, session }]
  if (seq % 500 === 1) return ['request.opened', { requester: about.principal, resource: about.resource, session, request: `req-${seq - 1}` }]
  const run = `${session}.${seq}`
  const started = { type: 'action.started', commitment: 'd'.repeat(64), body: { ...about, session, run, action: 'sql:read', policies: ['reads'] } }
  return ['actions', { events: [started, { type: 'action.finished', body: { session, run, result: 'done', summary: 'SELECT 1', rows: 1, bytes: 20, ms: 1 } }] }]
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(2)} s`
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

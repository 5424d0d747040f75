/**
 * What an entry costs: `node bench/journal.ts [DIRECTORY]`. Prints entries a second and the latency of one append, with
 * what a statement of pgbench leaves in the journal, for callers that each wait for their entry before the next. The processor
 * time is what can be compared on a machine that does other things too.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Durability, Event } from '../packages/gateway/src/journal/journal.ts'
import { openJournal } from '../packages/gateway/src/journal/open.ts'

const TEXTS = [
  'SELECT abalance FROM pgbench_accounts WHERE aid = 48213;',
  'UPDATE pgbench_accounts SET abalance = abalance + -3121 WHERE aid = 48213;',
  'INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (7, 1, 48213, -3121, CURRENT_TIMESTAMP);',
]

const event = (index: number): Event => ({
  type: 'action.decided',
  body: { session: 'ses-4kq2', resource: 'orders-db', action: 'sql:read', effect: 'allow', policies: ['production-reads'], digest: null },
  secret: { text: TEXTS[index % TEXTS.length] ?? '' },
})

interface Run {
  readonly durability: Durability
  readonly callers: number
  readonly entries: number
}

async function measure({ durability, callers, entries }: Run): Promise<string> {
  const directory = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'journal-bench-'))
  const journal = await openJournal({ directory })
  const latencies: number[] = []
  const caller = async () => {
    for (let index = 0; index < entries / callers; index += 1) {
      const before = performance.now()
      await journal.append(event(index), durability)
      latencies.push(performance.now() - before)
    }
  }
  const cpu = process.cpuUsage()
  const started = performance.now()
  await Promise.all(Array.from({ length: callers }, caller))
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(cpu)
  await journal.close()
  rmSync(directory, { recursive: true })
  const sorted = latencies.sort((a, b) => a - b)
  const at = (share: number) => `${((sorted[Math.floor(sorted.length * share)] ?? 0) * 1000).toFixed(0)} µs`
  const rate = `${Math.round(latencies.length / seconds)} entries/s`
  const processor = `${((user + system) / latencies.length).toFixed(1)} µs CPU an entry`
  return [durability, `${callers} callers`, rate, processor, `p50 ${at(0.5)}`, `p99 ${at(0.99)}`].join('\t')
}

const RUNS: readonly Run[] = [
  { durability: 'process', callers: 1, entries: 20_000 },
  { durability: 'process', callers: 32, entries: 100_000 },
  { durability: 'process', callers: 1000, entries: 200_000 },
  { durability: 'disk', callers: 1, entries: 500 },
  { durability: 'disk', callers: 32, entries: 10_000 },
]

for (const run of RUNS) console.log(await measure(run))

import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Durability, Event } from '../../../packages/gateway/src/journal/journal.ts'
import { openJournal } from '../../../packages/gateway/src/journal/open.ts'
import { readJournal } from '../../../packages/gateway/src/journal/read.ts'
import { median } from '../../kit/figures.ts'
import type { Sizes } from '../../kit/options.ts'
import { atLeast, type Row } from '../../kit/report.ts'

const TEXTS = [
  'SELECT abalance FROM pgbench_accounts WHERE aid = 48213;',
  'UPDATE pgbench_accounts SET abalance = abalance + -3121 WHERE aid = 48213;',
  'INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (7, 1, 48213, -3121, CURRENT_TIMESTAMP);',
]
const BAR = 50_000
const MOST_ENTRIES = 200_000

const event = (index: number): Event => ({
  type: 'action.decided',
  body: { session: 'ses-4kq2', resource: 'orders-db', action: 'sql:read', effect: 'allow', policies: ['production-reads'], digest: null },
  secret: { text: TEXTS[index % TEXTS.length] ?? '' },
})

interface Run {
  readonly durability: Durability
  readonly callers: number
  /** Of what the size says. */
  readonly share: number
}

const RUNS: readonly Run[] = [
  { durability: 'process', callers: 1000, share: 1 },
  { durability: 'process', callers: 32, share: 0.5 },
  { durability: 'process', callers: 1, share: 0.1 },
  { durability: 'disk', callers: 32, share: 0.05 },
]

/** Entries a second, and what share that is of bare writes of the same bytes. */
export async function appending({ rounds, entries }: Pick<Sizes, 'rounds' | 'entries'>): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const run of RUNS) {
    const count = Math.max(run.callers, Math.round(Math.min(entries, MOST_ENTRIES) * run.share))
    const taken: { readonly journal: number; readonly bare: number }[] = []
    for (let round = 0; round <= rounds; round++) taken.push(await once(run, count))
    rows.push(...rowsOf(run, taken.slice(1))) // the first warms up
  }
  return rows
}

function rowsOf({ durability, callers }: Run, taken: readonly { readonly journal: number; readonly bare: number }[]): readonly Row[] {
  const load = `${callers} ${callers === 1 ? 'caller' : 'callers'}`
  const rates = taken.map(({ journal }) => journal)
  const bars = durability === 'process' && callers === 1000 ? [atLeast(median(rates), BAR, 'entries/s')] : []
  return [
    { measure: `entries appended, ${durability}`, load, unit: 'entries/s', samples: { gateway: rates }, bars },
    {
      measure: `of bare writes, ${durability}`,
      load,
      unit: '×',
      samples: { gateway: taken.map(({ journal, bare }) => journal / bare) },
      bars: [],
      detail: true,
    },
  ]
}

/** Entries a second by the journal, and by writing its lines again as they are. */
async function once({ durability, callers }: Run, count: number): Promise<{ readonly journal: number; readonly bare: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-bench-journal-'))
  try {
    const journal = await openJournal({ directory })
    const each = Math.ceil(count / callers)
    const caller = async () => {
      for (let index = 0; index < each; index++) await journal.append(event(index), durability)
    }
    const began = performance.now()
    await Promise.all(Array.from({ length: callers }, caller))
    const took = performance.now() - began
    await journal.close()
    return { journal: rate(each * callers, took), bare: await writing(directory, journal.gateway, callers) }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** As many lines in one write as there are callers. */
async function writing(directory: string, gateway: string, callers: number): Promise<number> {
  const lines: Uint8Array[] = []
  for await (const line of readJournal(directory, gateway)) lines.push(Buffer.concat([line, Buffer.from('\n')]))
  const file = openSync(join(directory, 'bare'), 'a')
  const began = performance.now()
  for (let start = 0; start < lines.length; start += callers) {
    writeSync(file, Buffer.concat(lines.slice(start, start + callers)))
    await setImmediate()
  }
  const took = performance.now() - began
  closeSync(file)
  return rate(lines.length, took)
}

const rate = (count: number, ms: number) => (count / ms) * 1000

import type { LedgerEvent } from '@countersign/ledger/group'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ranIn, type Running } from '../../src/journal/ran.ts'
import type { RunRecord, StoredEntry } from '../../src/store/store.ts'
import { Chain } from '../ledger/chain.ts'

/** One run: under which requests (none: policy allowed it by itself), how often it stopped in the middle, and whether it came to an end. */
const aRun = fc.record({
  requests: fc.uniqueArray(fc.constantFrom('req-1', 'req-2'), { maxLength: 2 }),
  suspended: fc.nat(2),
  isOver: fc.boolean(),
})
type ARun = typeof aRun extends fc.Arbitrary<infer T> ? T : never

function eventsOf({ requests, suspended, isOver }: ARun, run: string): readonly LedgerEvent[] {
  const finished = (summary: string) => ({ type: 'action.finished', body: { run, session: 'ses-1', summary } })
  return [
    { type: 'action.started', body: { run, session: 'ses-1', ...(requests.length > 0 ? { requests } : {}) } },
    ...Array.from({ length: suspended }, () => finished('suspended')),
    ...(isOver ? [finished('DELETE 1')] : []),
  ]
}

/** Events of several runs, each run's in order, as `turns` mixes them. */
function mixed(all: readonly (readonly LedgerEvent[])[], turns: readonly number[]): readonly LedgerEvent[] {
  const rest = all.map((events) => [...events])
  const given: LedgerEvent[] = []
  for (let turn = 0; rest.some((events) => events.length > 0); turn++) {
    const left = rest.filter((events) => events.length > 0)
    const event = left[(turns[turn % turns.length] ?? 0) % left.length]?.shift()
    if (event) given.push(event)
  }
  return given
}

/** Entries that carry one event, or several; and in which each event is. */
function entriesOf(events: readonly LedgerEvent[], sizes: readonly number[]) {
  const chain = new Chain('gw-1')
  const entries: StoredEntry[] = []
  const placed: { readonly event: LedgerEvent; readonly seq: number }[] = []
  for (let at = 0, turn = 0; at < events.length; turn++) {
    const together = events.slice(at, at + (sizes[turn % sizes.length] ?? 1))
    const [first] = together
    if (first) entries.push(together.length === 1 ? chain.next(first.type, first.body) : chain.next('actions', { events: together as never }))
    placed.push(...together.map((event) => ({ event, seq: chain.seq })))
    at += together.length
  }
  return { entries, placed }
}

/** What a store has in the end that is told batch by batch, and of what it has it told to be running still. */
function told(entries: readonly StoredEntry[], batch: number) {
  const records = new Map<string, RunRecord>()
  let running: Running = new Map()
  for (let at = 0; at < entries.length; at += batch) {
    const ran = ranIn(entries.slice(at, at + batch), running)
    running = ran.running
    for (const record of ran.changed) records.set(`${record.request} ${record.run}`, record)
  }
  return { records: [...records.values()], running: [...running.keys()] }
}

const steps = fc.array(fc.nat(7), { minLength: 1, maxLength: 20 })
const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 20 })

test('what runs under grants is told in any order, in any entries and in any batches: where each began, what is said last of it, and that it is over', () => {
  fc.assert(
    fc.property(fc.array(aRun, { maxLength: 6 }), steps, sizes, fc.integer({ min: 1, max: 9 }), (all, turns, together, batch) => {
      const events = mixed(
        all.map((each, index) => eventsOf(each, `ses-1.${index}`)),
        turns,
      )
      const { entries, placed } = entriesOf(events, together)
      const placeOf = (type: string, run: string) => placed.findLast(({ event }) => event.type === type && event.body['run'] === run)?.seq ?? null
      const { records, running } = told(entries, batch)
      const expected = all.flatMap(({ requests, isOver }, index) =>
        requests.map((request) => {
          const run = `ses-1.${index}`
          const started = placeOf('action.started', run)
          return { request, run, gateway: 'gw-1', at: started, started, outcome: placeOf('action.finished', run), isOver }
        }),
      )
      const inOrder = (list: readonly unknown[]) => list.map((each) => JSON.stringify(each)).toSorted()
      expect(inOrder(records)).toEqual(inOrder(expected))
      expect(running.toSorted()).toEqual([...new Set(expected.filter(({ isOver }) => !isOver).map(({ run }) => run))].toSorted())
    }),
  )
})

test('a line that is no entry, a body that imitates one, and the end of a run that nobody knows of tell nothing', () => {
  const chain = new Chain('gw-1')
  const entries = [
    { gateway: 'gw-1', seq: 1, line: '{"requests":["req-1"],"run":"ses-1.1"}' },
    chain.next('action.started', { run: 'ses-1.1', requests: 'req-1' }),
    chain.next('action.started', { run: 7, requests: ['req-1'] }),
    chain.next('action.started', { run: 'ses-1.2', session: '"requests":["req-1"]' }),
    chain.next('action.finished', { run: 'ses-1.1', summary: 'DELETE 1' }),
    chain.next('actions', { events: ['"requests":["req-1"]'], requests: ['req-1'] }),
  ]
  expect(ranIn(entries, new Map())).toEqual({ changed: [], running: new Map() })
})

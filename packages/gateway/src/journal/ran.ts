import { type Entry, parseEntry } from '@countersign/ledger/entry'
import { LedgerError } from '@countersign/ledger/error'
import { eventsOf, type LedgerEvent } from '@countersign/ledger/group'
import { isEndOfRun } from '@countersign/ledger/story'
import type { RunRecord, StoredEntry } from '../store/store.ts'

/** The runs under grants that are not over, by name; one under the grants of several requests has a record for each. */
export type Running = ReadonlyMap<string, readonly RunRecord[]>

/** Of `records` that are not over. */
export const runningIn = (records: readonly RunRecord[]): Running => Map.groupBy(records, ({ run }) => run)

/**
 * What entries of one gateway, in order, say of runs under the grants of requests: those that changed as they are after them, and those that are not over then.
 * Most entries are of what policy allows by itself, and are looked at and not parsed: canonical JSON has one form, in which no value can imitate a key.
 */
export function ranIn(entries: readonly StoredEntry[], before: Running): { readonly changed: readonly RunRecord[]; readonly running: Running } {
  const running = new Map(before)
  const changed = new Map<string, readonly RunRecord[]>()
  for (const { seq, line } of entries) {
    if (!isOfRuns(line, running)) continue
    for (const { name, records } of toldIn(line, seq, running)) {
      changed.set(name, records)
      if (records.every(({ isOver }) => isOver)) running.delete(name)
      else running.set(name, records)
    }
  }
  return { changed: [...changed.values()].flat(), running }
}

const UNDER_GRANTS = '"requests":["'
const RUN = /"run":"([^"]+)"/g

function isOfRuns(line: string, running: Running): boolean {
  if (line.includes(UNDER_GRANTS)) return true
  if (running.size === 0) return false
  for (const [, name] of line.matchAll(RUN)) if (name !== undefined && running.has(name)) return true
  return false
}

interface ToldRun {
  readonly name: string
  readonly records: readonly RunRecord[]
}

/** An entry may tell of the beginning and of the end of a run, so each event is read with what those before it have said. */
function* toldIn(line: string, seq: number, running: Running): Generator<ToldRun> {
  const entry = readable(line)
  for (const event of entry ? eventsIn(entry) : []) {
    const name = event.body['run']
    if (!entry || typeof name !== 'string') continue
    const records =
      event.type === 'action.started' ? begun(entry, event, name, seq) : event.type === 'action.finished' ? ended(event, seq, running.get(name)) : []
    if (records.length > 0) yield { name, records }
  }
}

function begun({ gateway, at }: Entry, { body: { requests } }: LedgerEvent, run: string, seq: number): readonly RunRecord[] {
  const under = Array.isArray(requests) ? new Set(requests.filter((one) => typeof one === 'string')) : []
  return [...under].map((request) => ({ request, run, gateway, at, started: seq, outcome: null, isOver: false }))
}

const ended = (event: LedgerEvent, seq: number, records: readonly RunRecord[] = []): readonly RunRecord[] =>
  records.map((record) => ({ ...record, outcome: seq, isOver: isEndOfRun(event) }))

/** A line that was altered is found by whoever verifies the chain; it is moved as it is. */
function readable(line: string): Entry | null {
  return quietly(() => parseEntry(line))
}

const eventsIn = (entry: Entry): readonly LedgerEvent[] => quietly(() => eventsOf(entry)) ?? []

function quietly<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof LedgerError) return null
    throw error
  }
}

import { type Entry, parseEntry } from '@countersign/ledger/entry'
import { LedgerError } from '@countersign/ledger/error'
import { eventsOf, openEvents } from '@countersign/ledger/group'
import type { JsonValue } from '../journal/journal.ts'
import type { RunRecord, Store } from '../store/store.ts'
import { keysFor } from './data-keys.ts'

/** Where the runs of a request are told from. */
export interface RunsSource {
  readonly store: Pick<Store, 'runs' | 'ledger' | 'sessions'>
  /** The data directory, whose keys open what this gateway and its workers sealed. */
  readonly data: string
  /** Unix milliseconds. */
  readonly now: () => number
}

/** What ran once under the grant of a request, as the ledger tells it. Times are Unix milliseconds. */
export interface Run {
  readonly run: string
  readonly session: string
  readonly gateway: string
  /** Its type. */
  readonly action: string
  readonly startedAt: number
  /** `running`: nothing is recorded of its end yet. `unknown`: it may have happened or not, and nothing will repeat it. */
  readonly result: 'running' | 'done' | 'failed' | 'unknown'
  readonly endedAt: number | null
  /** The command tag, the code of the failure, or why nothing is known. */
  readonly summary: string | null
  readonly rows: number | null
  readonly ms: number | null
  /** What the target said of a failure. */
  readonly error: string | null
  /** It said something that cannot be read here: another gateway has the key, or nobody has it any more. */
  readonly isSealed: boolean
}

/** The newest of them, and how many there are, as far as that is counted. */
export interface Runs {
  readonly count: number
  readonly latest: readonly Run[]
}

const LATEST = 20
const MOST_COUNTED = 10_000
/** An outcome is in the ledger moments after its session is over, or is not known. */
const SETTLED_MS = 60_000

/** What ran under the grants of a request: found by the store's index, and read from the ledger itself. */
export async function runsOf(source: RunsSource, request: string): Promise<Runs> {
  const { count, latest } = await source.store.runs.of(request, LATEST, MOST_COUNTED)
  const runs = await Promise.all(latest.map((record) => toldOf(source, record)))
  return { count, latest: runs.filter((run) => run !== null) }
}

/** Null where the ledger does not tell of its beginning: the index is not to be believed without it. */
async function toldOf(source: RunsSource, record: RunRecord): Promise<Run | null> {
  const started = await eventOf(source, record, record.started, 'action.started')
  if (!started) return null
  const session = textOf(started.body['session']) ?? ''
  const { run, gateway } = record
  return {
    run,
    session,
    gateway,
    action: textOf(started.body['action']) ?? 'unknown',
    startedAt: started.at,
    ...(record.outcome === null ? await unanswered(source, session) : outcomeOf(await eventOf(source, record, record.outcome, 'action.finished'))),
  }
}

type Outcome = Omit<Run, 'run' | 'session' | 'gateway' | 'action' | 'startedAt'>
const NOTHING = { endedAt: null, summary: null, rows: null, ms: null, error: null, isSealed: false } as const

async function unanswered({ store, now }: RunsSource, session: string): Promise<Outcome> {
  const endedAt = (await store.sessions.get(session))?.endedAt ?? null
  if (endedAt === null || now() - endedAt < SETTLED_MS) return { ...NOTHING, result: 'running' }
  return { ...NOTHING, result: 'unknown', summary: 'its session is over, and no outcome was recorded' }
}

function outcomeOf(told: Told | null): Outcome {
  if (!told) return { ...NOTHING, result: 'unknown', summary: 'the entry with its outcome cannot be read' }
  const { result, summary, rows, ms } = told.body
  const error = told.secret ? textOf(told.secret['error']) : null
  return {
    result: result === 'done' || result === 'failed' ? result : 'unknown',
    endedAt: told.at,
    summary: textOf(summary),
    rows: numberOf(rows),
    ms: numberOf(ms),
    error,
    isSealed: told.isSecret && error === null,
  }
}

interface Told {
  readonly at: number
  readonly body: Readonly<Record<string, JsonValue>>
  readonly isSecret: boolean
  readonly secret: Readonly<Record<string, JsonValue>> | null
}

/** Null for what is not there, or cannot be read: rows come from a database that others may write to. */
async function eventOf({ store, data }: RunsSource, { gateway, run }: RunRecord, seq: number, type: string): Promise<Told | null> {
  const [stored] = await store.ledger.read(gateway, seq, 1)
  if (stored?.seq !== seq) return null
  try {
    return eventIn(data, parseEntry(stored.line), run, type)
  } catch (error) {
    if (error instanceof LedgerError) return null
    throw error
  }
}

function eventIn(data: string, entry: Entry, run: string, type: string): Told | null {
  const events = eventsOf(entry)
  const index = events.findLastIndex((event) => event.type === type && event.body['run'] === run)
  const event = events[index]
  if (!event) return null
  const isSecret = event.commitment !== undefined
  const secret = isSecret && type === 'action.finished' ? (openEvents(entry, keysFor(data, entry))[index]?.secret ?? null) : null
  return { at: entry.at, body: event.body, isSecret, secret }
}

const textOf = (value: JsonValue | undefined): string | null => (typeof value === 'string' ? value : null)
const numberOf = (value: JsonValue | undefined): number | null => (typeof value === 'number' ? value : null)

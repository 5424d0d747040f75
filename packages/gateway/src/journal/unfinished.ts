import { GROUP } from '@countersign/ledger/group'
import type { Journal } from './journal.ts'
import { listSegments, type Segment } from './files.ts'
import { readSegment } from './read.ts'

/** A run that began and of whose outcome nothing is known. */
export interface UnfinishedRun {
  readonly session: string
  readonly run: string
}

/** What a journal says of a process that is gone. */
export interface LeftBehind {
  /** What ran when it ended without a goodbye: it may have happened or not, and nothing repeats it. */
  readonly runs: readonly UnfinishedRun[]
  /** Of the sessions that were asked about, those whose end it has written down. */
  readonly ended: ReadonlySet<string>
}

/** Reads back to the `gateway.started` of this gateway's previous process, so call it before the new one is written. */
export async function leftBehind(directory: string, gateway: string, sessions: ReadonlySet<string>): Promise<LeftBehind> {
  const finished = new Set<string>()
  const runs: UnfinishedRun[] = []
  const ended = new Set<string>()
  for (const segment of listSegments(directory, gateway).toReversed()) {
    const scanned = await scan(directory, segment, sessions)
    runs.unshift(...[...scanned.started.values()].filter(({ run }) => !finished.has(run)))
    for (const run of scanned.finished) finished.add(run)
    for (const session of scanned.ended) ended.add(session)
    if (scanned.isFirst) break
  }
  return { runs, ended }
}

/** Says in the ledger, once, what nobody knows the outcome of. Resolves to those of `sessions` whose end it has heard of already. */
export async function recordLost(directory: string, journal: Journal, sessions: readonly { readonly id: string }[]): Promise<ReadonlySet<string>> {
  const { runs, ended } = await leftBehind(directory, journal.gateway, new Set(sessions.map(({ id }) => id)))
  for (const { session, run } of runs) {
    const lost = { session, run, result: 'unknown', summary: 'the gateway ended before the outcome was known', rows: null }
    await journal.append({ type: 'action.finished', body: lost }, 'disk')
  }
  return ended
}

interface Scan {
  /** Runs that began in this segment and did not end in it. */
  readonly started: ReadonlyMap<string, UnfinishedRun>
  /** Runs that ended in this segment and began before it. */
  readonly finished: ReadonlySet<string>
  readonly ended: ReadonlySet<string>
  /** The process began in this segment. */
  readonly isFirst: boolean
}

async function scan(directory: string, segment: Segment, sessions: ReadonlySet<string>): Promise<Scan> {
  const started = new Map<string, UnfinishedRun>()
  const finished = new Set<string>()
  const ended = new Set<string>()
  let isFirst = false
  for await (const bytes of readSegment(directory, segment)) {
    const line = Buffer.from(bytes).toString('utf8')
    const type = TYPE.exec(line)?.[1]
    if (type === 'gateway.started') {
      started.clear()
      finished.clear()
      ended.clear()
      isFirst = true
    }
    for (const [, run, session, what] of line.matchAll(type === GROUP ? EVENT : ENTRY)) {
      if (run === undefined || session === undefined) continue
      if (what === 'started') started.set(run, { session, run })
      else if (!started.delete(run)) finished.add(run)
    }
    const over = ENDED.exec(line)?.[1]
    if (over !== undefined && sessions.has(over)) ended.add(over)
  }
  return { started, finished, ended, isFirst }
}

/**
 * Looked for and not parsed, because a busy gateway may have written many millions of entries. Canonical JSON has one form,
 * in which no value can imitate a key: a quote inside a string is escaped.
 */
const TYPE = /"type":"([a-z.]+)","v":1\}$/
const ENTRY = /"run":"(([^"\\.]+)\.\d+)".*"type":"action\.(started|finished)","v":1\}$/g
const ENDED = /"session":"([^"\\]+)"\}.*"type":"session\.ended","v":1\}$/
/** Each event of a group has its type behind its body. */
const EVENT = /"run":"(([^"\\.]+)\.\d+)".*?"type":"action\.(started|finished)"\}/g

import { GROUP } from '@countersign/ledger/group'
import type { Journal } from './journal.ts'
import { listSegments, type Segment } from './files.ts'
import { readSegment } from './read.ts'

/** A run that began and of whose outcome nothing is known. */
export interface UnfinishedRun {
  readonly session: string
  readonly run: string
}

/**
 * What ran when this gateway's previous process ended without a goodbye: it may have happened or not, and nothing repeats it.
 * Reads back to that process's `gateway.started`, so call it before the new one is written.
 */
export async function unfinishedRuns(directory: string, gateway: string): Promise<readonly UnfinishedRun[]> {
  const finished = new Set<string>()
  const unfinished: UnfinishedRun[] = []
  for (const segment of listSegments(directory, gateway).toReversed()) {
    const { started, ended, isFirst } = await scan(directory, segment)
    unfinished.unshift(...[...started.values()].filter(({ run }) => !finished.has(run)))
    for (const run of ended) finished.add(run)
    if (isFirst) break
  }
  return unfinished
}

/** Says it in the ledger, once. */
export async function recordLost(directory: string, journal: Journal): Promise<void> {
  for (const { session, run } of await unfinishedRuns(directory, journal.gateway)) {
    const lost = { session, run, result: 'unknown', summary: 'the gateway ended before the outcome was known', rows: null }
    await journal.append({ type: 'action.finished', body: lost }, 'disk')
  }
}

interface Scan {
  /** Runs that began in this segment and did not end in it. */
  readonly started: ReadonlyMap<string, UnfinishedRun>
  /** Runs that ended in this segment and began before it. */
  readonly ended: ReadonlySet<string>
  /** The process began in this segment. */
  readonly isFirst: boolean
}

async function scan(directory: string, segment: Segment): Promise<Scan> {
  const started = new Map<string, UnfinishedRun>()
  const ended = new Set<string>()
  let isFirst = false
  for await (const bytes of readSegment(directory, segment)) {
    const line = Buffer.from(bytes).toString('utf8')
    const type = TYPE.exec(line)?.[1]
    if (type === 'gateway.started') {
      started.clear()
      ended.clear()
      isFirst = true
    }
    for (const [, run, session, what] of line.matchAll(type === GROUP ? EVENT : ENTRY)) {
      if (run === undefined || session === undefined) continue
      if (what === 'started') started.set(run, { session, run })
      else if (!started.delete(run)) ended.add(run)
    }
  }
  return { started, ended, isFirst }
}

/**
 * Looked for and not parsed, because a busy gateway may have written many millions of entries. Canonical JSON has one form,
 * in which no value can imitate a key: a quote inside a string is escaped.
 */
const TYPE = /"type":"([a-z.]+)","v":1\}$/
const ENTRY = /"run":"(([^"\\.]+)\.\d+)".*"type":"action\.(started|finished)","v":1\}$/g
/** Each event of a group has its type behind its body. */
const EVENT = /"run":"(([^"\\.]+)\.\d+)".*?"type":"action\.(started|finished)"\}/g

import type { Decided, Started } from '@countersign/contract/schemas/recording'
import { Digesting, readRecording } from './container.ts'
import type { RecordingRecord } from '../store/recording-store.ts'
import type { RecordingKey } from './key.ts'
import type { Place } from './place.ts'

/** What is looked for in recordings: a part of a statement's text, whatever its case, and a table as a statement names it. */
export interface Wanted {
  readonly text: string | null
  readonly object: string | null
  /** How long may be read, in milliseconds; one recording is always read. */
  readonly withinMs: number
  /** As many are found at most. */
  readonly limit: number
}

/** A statement that was looked for. */
export interface Match {
  readonly at: number
  /** Null for one that was denied or held. */
  readonly run: string | null
  readonly action: string
  readonly text: string
}

export interface Found {
  readonly session: string
  /** How many statements there were, of which the first are in `first`. */
  readonly matches: number
  readonly first: readonly Match[]
  /** Why it cannot be searched. */
  readonly broken: string | null
}

/** `read` of those that were given were read, before time was up. */
export interface Scanned {
  readonly read: number
  readonly found: readonly Found[]
}

const FIRST = 3
const SHOWN_CHARACTERS = 500

/** Reads recordings to their ends, and says what it has found after it knows that each is what the ledger has of it. */
export async function scan(place: Place, key: RecordingKey, recordings: readonly RecordingRecord[], wanted: Wanted): Promise<Scanned> {
  const began = performance.now()
  const found: Found[] = []
  let read = 0
  for (const recording of recordings) {
    if (found.length >= wanted.limit || (read > 0 && performance.now() - began > wanted.withinMs)) break
    const one = await scanOne(place, key, recording, wanted).catch((error: unknown) => brokenOf(recording, error))
    if (one.matches > 0 || one.broken !== null) found.push(one)
    read += 1
  }
  return { read, found }
}

async function scanOne(place: Place, key: RecordingKey, { session, sha256, bytes }: RecordingRecord, wanted: Wanted): Promise<Found> {
  const file = await place.get(session)
  const digest = new Digesting()
  file.once('error', (error) => digest.destroy(error))
  let matches = 0
  const first: Match[] = []
  for await (const line of readRecording(file.pipe(digest), key.identities)) {
    if ((line.line !== 'started' && line.line !== 'decided') || !isWanted(line, wanted)) continue
    matches += 1
    if (first.length < FIRST) first.push(matchOf(line))
  }
  const has = digest.digest()
  if (has.sha256 !== sha256 || has.bytes !== bytes) throw new Error('its file is not the one that the ledger has the digest of')
  return { session, matches, first, broken: null }
}

const brokenOf = ({ session }: RecordingRecord, error: unknown): Found => ({
  session,
  matches: 0,
  first: [],
  broken: error instanceof Error ? error.message : String(error),
})

function isWanted(line: Started | Decided, { text, object }: Wanted): boolean {
  if (text !== null && !textOf(line).toLowerCase().includes(text.toLowerCase())) return false
  return object === null || line.objects.some((name) => name === object || name.endsWith(`.${object}`))
}

function textOf({ text }: Started | Decided): string {
  return typeof text === 'string' ? text : (text?.beginning ?? '')
}

function matchOf(line: Started | Decided): Match {
  return { at: line.at, run: line.line === 'started' ? line.run : null, action: line.action, text: textOf(line).slice(0, SHOWN_CHARACTERS) }
}

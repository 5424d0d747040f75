import type { Clock } from '../clock.ts'
import { parseEntry } from '@countersign/ledger/entry'
import { cursorBefore, readFrom } from '../journal/read.ts'
import type { Event, Journal } from '../journal/journal.ts'
import type { LocalJournal } from '../journal/open.ts'
import type { RecordingRecord } from '../store/recording-store.ts'
import type { Store } from '../store/store.ts'
import type { Made } from './follower.ts'
import type { Place } from './place.ts'

export interface KeepingOptions {
  readonly store: Pick<Store, 'recordings'>
  /** `local` is the same journal, as it lies on disk. */
  readonly journal: Journal
  readonly local: Pick<LocalJournal, 'directory' | 'gateway' | 'seq' | 'sync'>
  readonly place: Place
  readonly clock: Clock
}

/** Why a recording is deleted. */
export type Why = 'retention' | 'erasure'

/**
 * Puts recordings in their place and removes them, with one entry for either, whatever ends in between: what is about to be written
 * down stands in the store before, with the sequence that it comes after.
 */
export class Keeping {
  readonly #options: KeepingOptions

  constructor(options: KeepingOptions) {
    this.#options = options
  }

  /** A session that has a recording keeps it. */
  async keep(made: Made): Promise<void> {
    const { store, local, place } = this.#options
    const { session } = made.begin
    if ((await store.recordings.get(session)) !== null) return
    await place.put(session, made.path, made)
    const record = recordOf(made, local.gateway, local.seq)
    if (await store.recordings.insert(record)) await this.#finish(record)
  }

  async remove(record: RecordingRecord, why: Why): Promise<void> {
    const { store, local, clock } = this.#options
    const next: RecordingRecord = { ...later(record), stage: 'deleting', afterSeq: local.seq, deleted: { at: clock.now(), why } }
    if (await store.recordings.save(next)) await this.#finish(next)
  }

  /** What was under way when the process before this one ended. */
  async settle(): Promise<void> {
    const { store, local } = this.#options
    for (const stage of ['stored', 'deleting'] as const)
      for (const record of await store.recordings.list({ stage, gateway: local.gateway, limit: Number.MAX_SAFE_INTEGER })) {
        if (await this.#isTold(record)) await store.recordings.save(settled(record))
        else await this.#finish(record)
      }
  }

  async #finish(record: RecordingRecord): Promise<void> {
    const { store, journal, place } = this.#options
    if (record.stage === 'deleting') await place.remove(record.session)
    await journal.append(eventOf(record), 'disk')
    await store.recordings.save(settled(record))
  }

  async #isTold(record: RecordingRecord): Promise<boolean> {
    const { local } = this.#options
    const { type } = eventOf(record)
    const start = await cursorBefore(local.directory, local.gateway, record.afterSeq + 1)
    for (const { seq, line } of start ? readFrom(local.directory, start, await local.sync()) : []) {
      if (seq <= record.afterSeq || !line.includes(type)) continue
      const entry = parseEntry(line)
      if (entry.type === type && entry.body['session'] === record.session) return true
    }
    return false
  }
}

function recordOf({ begin, endedAt, sha256, bytes, ...made }: Made, gateway: string, afterSeq: number): RecordingRecord {
  const { session, principal, resource, at } = begin
  return {
    session,
    version: 1,
    gateway,
    user: principal.split('/')[0] ?? principal,
    principal,
    resource,
    startedAt: at,
    endedAt,
    statements: made.statements,
    failed: made.failed,
    rows: made.rows,
    answered: made.answered,
    sha256,
    bytes,
    stage: 'stored',
    afterSeq,
    deleted: null,
  }
}

const later = (record: RecordingRecord): RecordingRecord => ({ ...record, version: record.version + 1 })

const settled = (record: RecordingRecord): RecordingRecord => ({ ...later(record), stage: record.stage === 'stored' ? 'recorded' : 'deleted' })

function eventOf({ session, sha256, bytes, statements, stage, deleted }: RecordingRecord): Event {
  if (stage === 'deleting') return { type: 'recording.deleted', body: { session, sha256, why: deleted?.why ?? null } }
  return { type: 'recording.finished', body: { session, sha256, bytes, statements } }
}

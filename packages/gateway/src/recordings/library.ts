import { pipeline } from 'node:stream/promises'
import { RecordingLine as Line, type RecordingLine, type Watched } from '@countersign/contract/schemas/recording'
import { principalId } from '@countersign/core/principal'
import { type Caller, reaches, scopeOf } from '../identity/caller.ts'
import { gatewayOf } from '../journal/files.ts'
import type { Journal } from '../journal/journal.ts'
import type { RecordingRecord } from '../store/recording-store.ts'
import type { SessionRecord, Store } from '../store/store.ts'
import { WorkflowError } from '../workflow/workflow.ts'
import { Digesting, isWhole, readRecording } from './container.ts'
import type { RecordingKey } from './key.ts'
import type { Place } from './place.ts'
import type { Found } from './scan.ts'
import type { RecordingThread } from './thread.ts'
import { watch } from './watching.ts'

/** What recordings are looked for by. `text` and `object` are in the files, all else in the store. Times are Unix milliseconds. */
export interface Search {
  readonly text: string | null
  readonly object: string | null
  readonly principal: string | null
  readonly resource: string | null
  readonly from: number | null
  readonly until: number | null
  readonly after: { readonly startedAt: number; readonly session: string } | null
  readonly limit: number
}

export interface Page {
  /** `found` is null where nothing was looked for in the files. */
  readonly recordings: readonly { readonly record: RecordingRecord; readonly found: Found | null }[]
  readonly next: Search['after']
}

export interface LibraryOptions {
  readonly store: Pick<Store, 'gateways' | 'recordings' | 'sessions'>
  readonly journal: Journal
  readonly key: RecordingKey
  readonly place: Place
  readonly thread: Pick<RecordingThread, 'scan' | 'run'>
  /** The thread that makes recordings: it has what is not over. */
  readonly making: Pick<RecordingThread, 'running'>
}

/** One answer reads for this long, and says where to go on. */
const WITHIN_MS = 3_000
/** As many recordings are opened for one answer. */
const OPENED = 500

/**
 * Recordings for those who may see them: an auditor, and whoever the session was of, who has typed all of it; a user sees his agents' too,
 * an agent only its own. Who reads one, or looks into them, is in the ledger before he sees anything.
 */
export class Library {
  readonly #options: LibraryOptions

  constructor(options: LibraryOptions) {
    this.#options = options
  }

  async search(caller: Caller, search: Search): Promise<Page> {
    const { store } = this.#options
    const { text, object, limit, resource } = search
    if (scopeOf(caller)?.resources && (resource === null || !reaches(caller, resource)))
      throw new WorkflowError('forbidden', 'this token is for some resources alone: say which one of them is looked through')
    const deep = text !== null || object !== null
    if (isOfAnother(caller, search)) return { recordings: [], next: null }
    const records = await store.recordings.list({ ...filterOf(caller, search), limit: (deep ? OPENED : limit) + 1 })
    if (!deep) return pageOf(records, limit, null)
    await this.#options.journal.append(searchedEvent(caller, search), 'process')
    const { thread } = this.#options
    thread.run()
    const looked = records.slice(0, OPENED)
    const open = looked.filter(({ deleted }) => deleted === null)
    const { read, found } = await thread.scan({ recordings: open, wanted: { text, object, withinMs: WITHIN_MS, limit } })
    const last = read === open.length ? looked.at(-1) : open[read - 1] // those that were deleted have been passed
    const isAll = read === open.length && records.length <= OPENED
    return {
      recordings: found.flatMap((one) => {
        const record = open.find(({ session }) => session === one.session)
        return record ? [{ record, found: one }] : []
      }),
      next: isAll || !last ? null : placeOf(last),
    }
  }

  /** Its lines, each with its line end. Rejects before the first where the file is not what was recorded. */
  async read(caller: Caller, session: string): Promise<AsyncGenerator<string>> {
    const { store, journal } = this.#options
    const record = await store.recordings.get(session)
    if (!record || !maySee(caller, record)) throw new WorkflowError('not-found', `there is no recording of ${session}; one is made when its session is over`)
    if (record.deleted)
      throw new WorkflowError('not-found', `the recording of ${session} was deleted at ${new Date(record.deleted.at).toISOString()} (${record.deleted.why})`)
    await journal.append({ type: 'recording.read', body: { session, by: principalId(caller.principal), sha256: record.sha256 } }, 'process')
    await this.#assertWhole(record)
    return this.#lines(record)
  }

  /**
   * What a session does while it does it, in batches, some of them empty; until it is over. Rejects before the first. It is recorded where it runs, so
   * only there can it be watched.
   */
  async watch(caller: Caller, { id, gateway, principal, resource, endedAt }: SessionRecord, signal: AbortSignal): Promise<AsyncGenerator<readonly Watched[]>> {
    const { store, journal, making } = this.#options
    if (!this.mayWatch(caller, { principal, resource }))
      throw new WorkflowError('forbidden', 'what somebody does in a session is seen by himself and by auditors')
    if (endedAt === null && gatewayOf(gateway) !== journal.gateway)
      throw new WorkflowError(
        'unavailable',
        `${id} is at gateway ${await this.#named(gatewayOf(gateway))}: it is watched there, and everywhere once it is over`,
      )
    await journal.append({ type: 'session.watched', body: { session: id, by: principalId(caller.principal) } }, 'process')
    const isRecorded = async () => {
      const record = await store.recordings.get(id)
      return record !== null && record.stage !== 'stored'
    }
    const isLive = async () => (await store.sessions.get(id))?.endedAt === null
    return watch({ running: (first, most) => making.running({ session: id, first, most }), isRecorded, recorded: () => this.#recorded(id), isLive }, signal)
  }

  /** Asked again while it is watched: who is an auditor no more sees no more. */
  mayWatch(caller: Caller, { principal, resource }: Pick<SessionRecord, 'principal' | 'resource'>): boolean {
    return maySee(caller, { user: principal.user, principal: principalId(principal), resource })
  }

  /** With its address, where it has said it. */
  async #named(gateway: string): Promise<string> {
    const url = (await this.#options.store.gateways.list()).find(({ id }) => id === gateway)?.url ?? null
    return url === null ? gateway : `${gateway} (${url})`
  }

  async *#recorded(session: string): AsyncGenerator<RecordingLine> {
    const record = await this.#options.store.recordings.get(session)
    if (!record || record.deleted) return
    await this.#assertWhole(record)
    for await (const line of this.#lines(record)) yield Line.parse(JSON.parse(line))
  }

  async #assertWhole(record: RecordingRecord): Promise<void> {
    const { place } = this.#options
    const { session } = record
    const file = await place.get(session).catch((cause: unknown) => {
      throw new WorkflowError('unavailable', `the recording of ${session} is not where it is kept: ${cause instanceof Error ? cause.message : String(cause)}`)
    })
    if (!(await isWhole(file, record)))
      throw new WorkflowError('unavailable', `the file of ${session} is not the recording that the ledger has the digest of: somebody changed it`)
  }

  /** The file is read once more, and may be another one by now: that ends it before its end. */
  async *#lines(record: RecordingRecord): AsyncGenerator<string> {
    const { place, key } = this.#options
    const digest = new Digesting()
    const piped = pipeline(await place.get(record.session), digest)
    piped.catch(() => undefined) // whoever reads `digest` is told
    let held: string | null = null
    for await (const line of readRecording(digest, key.identities)) {
      if (held !== null) yield held
      held = `${JSON.stringify(line)}\n`
    }
    await piped
    const has = digest.digest()
    if (held === null || has.sha256 !== record.sha256 || has.bytes !== record.bytes)
      throw new Error(`the file of ${record.session} was changed while it was read`)
    yield held
  }
}

function maySee(caller: Caller, { user, principal: whose, resource }: Pick<RecordingRecord, 'user' | 'principal' | 'resource'>): boolean {
  const { auditor, principal } = caller
  if (!reaches(caller, resource)) return false
  return auditor || (principal.agent === null ? principal.user === user : principalId(principal) === whose)
}

/** An agent, which has its own alone, looks for somebody else's. */
const isOfAnother = ({ auditor, principal }: Caller, { principal: wanted }: Search): boolean =>
  !auditor && principal.agent !== null && wanted !== null && wanted !== principalId(principal)

function filterOf({ auditor, principal }: Caller, { principal: wanted, resource, from, until, after }: Search) {
  const own = principal.agent === null ? { user: principal.user } : { principal: principalId(principal) }
  return {
    ...(wanted === null ? {} : { principal: wanted }),
    ...(auditor ? {} : own),
    ...(resource === null ? {} : { resource }),
    ...(from === null ? {} : { from }),
    ...(until === null ? {} : { until }),
    ...(after === null ? {} : { after }),
  }
}

function pageOf(records: readonly RecordingRecord[], limit: number, found: null): Page {
  const shown = records.slice(0, limit)
  const last = shown.at(-1)
  return { recordings: shown.map((record) => ({ record, found })), next: records.length > limit && last ? placeOf(last) : null }
}

const placeOf = ({ startedAt, session }: RecordingRecord) => ({ startedAt, session })

/** What was looked for was typed by a person, and is sealed. */
function searchedEvent({ principal }: Caller, { text, object, principal: whose, resource }: Search) {
  return { type: 'recording.searched' as const, body: { by: principalId(principal) }, secret: { text, object, principal: whose, resource } }
}

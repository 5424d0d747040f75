import type { JsonValue } from './canonical.ts'
import type { Entry } from './entry.ts'
import { eventsOf, type LedgerEvent } from './group.ts'
import type { Secret } from './seal.ts'

/** One event of the ledger; `secret` is null when there is none, or when it was not opened. */
export interface Told extends LedgerEvent {
  readonly gateway: string
  /** Unix milliseconds. */
  readonly at: number
  readonly secret: Secret | null
}

type Json = { readonly [key: string]: JsonValue }

/** What happened to one request, in plain words of the ledger's events: what was asked, who said what, what ran, what came of it. */
export interface Story extends Json {
  readonly request: string
  /** Null when `request.opened` is not among the events. */
  readonly opened: Json | null
  readonly reviews: readonly Json[]
  /** `approved`, `denied`, `withdrawn` or `expired`; null while it is pending. */
  readonly outcome: Json | null
  readonly grants: readonly Json[]
  readonly runs: readonly Json[]
}

/** Finds what belongs to a request, as its events are read in order: those that name it, its grants, or what ran under them. */
export class Belonging {
  readonly #request: string
  readonly #grants = new Set<string>()
  readonly #runs = new Set<string>()
  readonly #running = new Set<string>()

  constructor(request: string) {
    this.#request = request
  }

  /** One of these stands in whatever belongs: who looks for it first spares himself reading the rest. */
  get names(): readonly string[] {
    return [this.#request, ...this.#grants, ...this.#running]
  }

  /** True while something that was started has no end yet. */
  get isRunning(): boolean {
    return this.#running.size > 0
  }

  /** Which events of the entry belong, by their place in it. Throws LedgerError `unreadable` as `eventsOf` does. */
  read(entry: Entry): readonly number[] {
    return eventsOf(entry).flatMap((event, at) => (this.#belongs(event) ? [at] : []))
  }

  #belongs({ type, body }: LedgerEvent): boolean {
    const { request, requests, grant, grants, run } = body
    const named = request === this.#request || has(requests, this.#request)
    const under =
      (typeof grant === 'string' && this.#grants.has(grant)) ||
      (Array.isArray(grants) && grants.some((one) => typeof one === 'string' && this.#grants.has(one)))
    const ran = typeof run === 'string' && this.#runs.has(run)
    if (!named && !under && !ran) return false
    if (type === 'grant.issued' && typeof grant === 'string') this.#grants.add(grant)
    if (type === 'action.started' && typeof run === 'string') {
      this.#runs.add(run)
      this.#running.add(run)
    }
    if (type === 'action.finished' && typeof run === 'string') this.#running.delete(run)
    return true
  }
}

/** True for an outcome behind which nothing more comes of its run: one that was read in part has stopped in the middle, and may go on. */
export const isEndOfRun = ({ type, body }: LedgerEvent): boolean => type === 'action.finished' && body['summary'] !== 'suspended'

const has = (list: JsonValue | undefined, value: string): boolean => Array.isArray(list) && list.includes(value)

/** The story that these events tell. Nothing in it comes from anywhere else. */
export function storyOf(request: string, events: readonly Told[]): Story {
  const all = (type: string) => events.filter((event) => event.type === type)
  const [opened] = all('request.opened')
  const [outcome] = events.filter(({ type }) => OUTCOMES.has(type))
  return {
    request,
    opened: opened ? { at: time(opened), ...without(opened.body, 'request'), ...opened.secret } : null,
    reviews: all('request.reviewed').map((review) => ({
      at: time(review),
      signature: null,
      ...without(review.body, 'request', 'grant', 'completes', 'token'),
      ...review.secret,
    })),
    outcome: outcome ? { at: time(outcome), is: outcome.type.slice('request.'.length) } : null,
    grants: all('grant.issued').map((grant) => ({ at: time(grant), ...without(grant.body, 'request'), ...endOf(grant, all('grant.ended')) })),
    runs: all('action.started').map((started) => ({
      started: time(started),
      ...without(started.body, 'requests'),
      ...started.secret,
      ...finishOf(started, all('action.finished')),
    })),
  }
}

const OUTCOMES = new Set(['request.approved', 'request.denied', 'request.withdrawn', 'request.expired'])

function endOf(grant: Told, ended: readonly Told[]): Json {
  const end = ended.find(({ body }) => body['grant'] === grant.body['grant'])
  return { ended: end ? { at: time(end), ...without(end.body, 'request', 'grant'), ...end.secret } : null }
}

/** The last that is said of it. Null is not known yet, or for ever: `unknown` is an outcome of its own, which the next start of the gateway records. */
function finishOf(started: Told, finished: readonly Told[]): Json {
  const end = finished.findLast(({ body }) => body['run'] === started.body['run'])
  return { outcome: end ? { at: time(end), ...without(end.body, 'run', 'session'), ...end.secret } : null }
}

const time = ({ at }: Told): string => (Number.isFinite(new Date(at).getTime()) ? new Date(at).toISOString() : String(at))

function without(body: Json, ...names: readonly string[]): Json {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name)))
}

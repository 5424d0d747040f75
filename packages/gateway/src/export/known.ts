import type { Grant } from '@countersign/core/grant'
import { principalId } from '@countersign/core/principal'
import type { Request } from '@countersign/core/request'
import type { LedgerEvent } from '@countersign/ledger/group'
import type { SessionRecord } from '../store/store.ts'

/** What an event is about, and whom, where it or what came before it says so. */
export interface About {
  /** `alice@example.com`, or `alice@example.com/claude`. */
  readonly principal: string | null
  readonly resource: string | null
  readonly database: string | null
  /** Host and port of the client. */
  readonly client: string | null
  /** What kind of action ran: `action.finished` names only its run. */
  readonly action: string | null
}

export const NOTHING: About = { principal: null, resource: null, database: null, client: null, action: null }

/** Where the things that entries name are kept. */
interface Places {
  readonly sessions: { get(id: string): Promise<Pick<SessionRecord, 'principal' | 'resource' | 'database' | 'client'> | null> }
  readonly requests: { get(id: string): Promise<Pick<Request, 'requester' | 'resource'> | null> }
  readonly grants: { get(id: string): Promise<Pick<Grant, 'subject' | 'resource'> | null> }
}

/** How many of each are remembered; what has been forgotten is in the store. */
const REMEMBERED = 10_000

/**
 * Most events name a session, a request or a grant by its id, and a reader elsewhere cannot look that up: so it is told with each of
 * them whom and what they are about. Taken from the entries as they come by, and from the store where that was before an export began.
 */
export class Known {
  readonly #store: Places
  readonly #things = new Map<string, About>()
  readonly #runs = new Map<string, string>()

  constructor(store: Places) {
    this.#store = store
  }

  async about({ type, body }: LedgerEvent): Promise<About> {
    const own = ownOf(body)
    const run = stringOf(body['run'])
    if (run !== null && own.action !== null) remember(this.#runs, run, own.action)
    const thing = await this.#thing(type, body, own)
    return { ...thing, ...defined(own), action: own.action ?? this.#ran(type, run) }
  }

  async #thing(type: string, body: LedgerEvent['body'], own: About): Promise<About> {
    const introduced = INTRODUCED[type]
    const id = introduced === undefined ? namedIn(body) : stringOf(body[introduced])
    if (id === null) return NOTHING
    if (introduced !== undefined) return remember(this.#things, id, { ...own, action: null })
    return this.#things.get(id) ?? remember(this.#things, id, await this.#stored(id))
  }

  #ran(type: string, run: string | null): string | null {
    if (run === null) return null
    const action = this.#runs.get(run) ?? null
    if (type === 'action.finished') this.#runs.delete(run)
    return action
  }

  async #stored(id: string): Promise<About> {
    if (id.startsWith('ses-')) {
      const session = await this.#store.sessions.get(id)
      if (!session) return NOTHING
      const { resource, database, client } = session
      return { principal: principalId(session.principal), resource, database, client, action: null }
    }
    const thing = id.startsWith('req-') ? await this.#store.requests.get(id) : await this.#store.grants.get(id)
    if (!thing) return NOTHING
    return { ...NOTHING, principal: principalId('subject' in thing ? thing.subject : thing.requester), resource: thing.resource }
  }
}

/** Keeps the newest. */
function remember<T>(things: Map<string, T>, id: string, thing: T): T {
  if (things.size >= REMEMBERED) for (const oldest of things.keys()) if (things.delete(oldest)) break
  things.set(id, thing)
  return thing
}

/** The events that say all about a thing, so that nobody need be asked, and where each says its id. */
const INTRODUCED: Readonly<Record<string, string>> = { 'session.started': 'session', 'request.opened': 'request', 'grant.issued': 'grant' }

/** What the event itself says. */
function ownOf(body: LedgerEvent['body']): About {
  return {
    principal: stringOf(body['principal']) ?? stringOf(body['requester']) ?? stringOf(body['subject']),
    resource: stringOf(body['resource']),
    database: stringOf(body['database']),
    client: stringOf(body['client']),
    action: stringOf(body['action']),
  }
}

/** The session first: it says most. */
function namedIn(body: LedgerEvent['body']): string | null {
  return stringOf(body['session']) ?? stringOf(body['request']) ?? stringOf(body['grant'])
}

const defined = (about: About): Partial<About> => Object.fromEntries(Object.entries(about).filter(([, value]) => value !== null))

export const stringOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)

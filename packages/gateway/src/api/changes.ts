import type { Change } from '@countersign/contract/schemas/change'
import { type Caller, seesAll } from '../identity/caller.ts'
import type { StoreEvent } from '../store/store.ts'
import { WorkflowError } from '../workflow/workflow.ts'
import { presentGrant, presentRequest, presentSession } from './present.ts'
import type { ApiServices } from './services.ts'

const HEARTBEAT_MS = 15_000
/** A reader who is further behind than this is told to read everything again. */
const MOST_WAITING = 1_000

type Sources = Pick<ApiServices, 'workflow' | 'store' | 'config'>

export interface Feed {
  /** Who reads, judged anew before each batch: nothing is sent to a token or a login that has ended, nor to a group that was left. */
  caller(): Promise<Caller | null>
  readonly signal: AbortSignal
  readonly heartbeatMs?: number
}

/** Changes that the reader may see, as server-sent events. Listens from the moment it is called; ends with the reader's token or login, or `signal`. */
export function streamChanges(sources: Sources, feed: Feed): ReadableStream<Uint8Array> {
  const inbox = new Inbox(sources.store, feed.signal, feed.heartbeatMs ?? HEARTBEAT_MS)
  const lines = encode(writeChanges(sources, feed, inbox))
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await lines.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: () => inbox.close(),
  })
}

async function* writeChanges(sources: Sources, feed: Feed, inbox: Inbox): AsyncGenerator<string, void, undefined> {
  try {
    let caller = await feed.caller()
    yield ': connected\n\n'
    while (caller) {
      const events = await inbox.next(endOf(caller))
      caller = inbox.closed ? null : await feed.caller()
      if (caller === null) return
      if (events.length === 0) yield ': still here\n\n'
      for (const event of events) {
        const change = await changeFor(sources, caller, event)
        if (change) yield `event: ${change.kind}\ndata: ${JSON.stringify(change)}\n\n`
      }
    }
  } finally {
    inbox.close()
  }
}

/** Unix milliseconds: with what he has proved who he is. */
const endOf = ({ by }: Caller) => (by.kind === 'local' ? Infinity : by.endsAt)

/** Null for what the caller may not see. */
async function changeFor({ workflow, config }: Sources, caller: Caller, event: StoreEvent): Promise<Change | null> {
  try {
    switch (event.kind) {
      case 'request':
        return { kind: 'request', request: presentRequest(await workflow.request(caller, event.id), config.url) }
      case 'grant':
        return { kind: 'grant', grant: presentGrant(await workflow.grant(caller, event.id)) }
      case 'session':
        return { kind: 'session', session: presentSession(await workflow.session(caller, event.id)) }
      case 'run':
        return { kind: 'run', request: (await workflow.request(caller, event.id)).id }
      case 'person':
      case 'passkey':
        return seesAll(caller) ? { kind: 'people' } : null
      case 'token':
      case 'erasure':
      case 'login':
        return null
      case 'resync':
        return { kind: 'resync' }
    }
  } catch (error) {
    if (error instanceof WorkflowError && (error.code === 'not-found' || error.code === 'forbidden')) return null
    throw error
  }
}

async function* encode(lines: AsyncIterable<string>): AsyncGenerator<Uint8Array, void, undefined> {
  const encoder = new TextEncoder()
  for await (const line of lines) yield encoder.encode(line)
}

/** What has changed since the reader last looked, each object once however often it changed. */
class Inbox {
  readonly #unsubscribe: () => void
  readonly #heartbeatMs: number
  readonly #signal: AbortSignal
  #waiting = new Map<string, StoreEvent>()
  #wake: () => void = () => {}
  closed = false

  constructor(store: Sources['store'], signal: AbortSignal, heartbeatMs: number) {
    this.#heartbeatMs = heartbeatMs
    this.#signal = signal
    this.#unsubscribe = store.subscribe((event) => this.#add(event))
    signal.addEventListener('abort', this.close)
    if (signal.aborted) this.close()
  }

  readonly close = () => {
    if (this.closed) return
    this.closed = true
    this.#unsubscribe()
    this.#signal.removeEventListener('abort', this.close)
    this.#wake()
  }

  /** The next changes; none when the time for a sign of life or for the reader's end has come, or the inbox is closed. */
  async next(endsAt: number): Promise<readonly StoreEvent[]> {
    if (this.#waiting.size === 0 && !this.closed) await this.#change(endsAt - Date.now())
    const events = [...this.#waiting.values()]
    this.#waiting = new Map()
    return events
  }

  #change(leftMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, Math.min(this.#heartbeatMs, leftMs)))
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #add(event: StoreEvent): void {
    if (this.#waiting.size >= MOST_WAITING || event.kind === 'resync') this.#waiting = new Map([['resync', { kind: 'resync' }]])
    else this.#waiting.set(`${event.kind} ${event.id}`, event)
    this.#wake()
  }
}

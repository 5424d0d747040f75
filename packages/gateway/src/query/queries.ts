import type { QueryAsk, QueryLine } from '@countersign/contract/schemas/query'
import { ProtocolError } from '@countersign/wire/postgres/error'
import { MAX_STARTUP_BYTES } from '@countersign/wire/postgres/startup'
import type { Address } from '../config/config.ts'
import type { Caller } from '../identity/caller.ts'
import { WorkflowError } from '../workflow/workflow.ts'
import { dialOwn } from './connection.ts'
import { opening, run } from './run.ts'
import type { Lent, QueryTokens, SignedIn } from './tokens.ts'

/** At once, of one sign-in and of all. */
const MAX_OF_LOGIN = 4
const MAX_RUNS = 64

export interface QueriesOptions {
  readonly tokens: Pick<QueryTokens, 'lend'>
  /** Of the gateway's own listener. */
  readonly address: () => Address
  /** The listener's, PEM. */
  readonly certificate: string
  readonly resources: readonly string[]
}

/**
 * SQL of the console's query page. The gateway is its own client: it connects to its own listener as whoever is signed in, so that what is judged, held, recorded
 * and cut is what would be with any other client, and there is no second way to a target.
 */
export class Queries {
  readonly #options: QueriesOptions
  /** The sign-ins of what runs now. */
  readonly #running = new Set<{ readonly login: string }>()

  constructor(options: QueriesOptions) {
    this.#options = options
  }

  /** What becomes of it, line by line. `signal` ends it and its connection at once. Throws WorkflowError for what is not run at all. */
  async run(caller: Caller, ask: QueryAsk, signal: AbortSignal): Promise<AsyncGenerator<QueryLine, void, undefined>> {
    const { by } = caller
    if (by.kind !== 'login')
      throw new WorkflowError(
        'forbidden',
        'the query page is for who is signed in on the web; with a token connect your own client, with the token as its password',
      )
    if (!this.#options.resources.includes(ask.resource)) throw new WorkflowError('not-found', `there is no resource ${ask.resource}`)
    mustBeSayable(ask, caller.principal.user)
    const place = this.#place(by.id)
    try {
      const lent = await this.#options.tokens.lend({ ...caller, by } satisfies SignedIn, ask.resource)
      const give = () => {
        if (this.#running.delete(place)) lent.release()
      }
      signal.addEventListener('abort', give, { once: true }) // whether or not anybody has read a line
      if (signal.aborted) give()
      return this.#lines(caller.principal.user, ask, lent, signal, give)
    } catch (error) {
      this.#running.delete(place)
      throw error
    }
  }

  #place(login: string): { readonly login: string } {
    if ([...this.#running].filter((other) => other.login === login).length >= MAX_OF_LOGIN)
      throw new WorkflowError('too-many', `${MAX_OF_LOGIN} queries of this sign-in run already; end one of them first`)
    if (this.#running.size >= MAX_RUNS) throw new WorkflowError('too-many', 'this gateway runs as many queries as it does at once; try again')
    const place = { login }
    this.#running.add(place)
    return place
  }

  async *#lines(user: string, ask: QueryAsk, lent: Lent, asked: AbortSignal, give: () => void): AsyncGenerator<QueryLine, void, undefined> {
    try {
      const socket = await dialOwn(this.#options.address(), this.#options.certificate, AbortSignal.any([asked, lent.signal]))
      yield* run(socket, ask, { user, secret: lent.secret })
    } catch (error) {
      if (asked.aborted) return // nobody listens
      const [code, message] = lent.signal.aborted ? ['57P01', 'this sign-in has ended, and with it what it ran'] : ['08006', messageOf(error)]
      yield { kind: 'failed', code, message, detail: null, hint: null, position: null, request: null }
    } finally {
      give()
    }
    yield { kind: 'end' }
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** Before anything is opened, so that it is said to whoever sent it. */
function mustBeSayable(ask: QueryAsk, user: string): void {
  if (ask.sql.includes('\0')) throw new WorkflowError('invalid', 'PostgreSQL takes no NUL in a text')
  try {
    if (opening(ask, user).length <= MAX_STARTUP_BYTES) return
  } catch (error) {
    if (error instanceof ProtocolError) throw new WorkflowError('invalid', error.message)
    throw error
  }
  throw new WorkflowError('invalid', `a reason and a ticket are ${MAX_STARTUP_BYTES} bytes at most, with the names of user and database`)
}

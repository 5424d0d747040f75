import pg from 'pg'
import { TEMPORARY } from './temporary.ts'

/** As one leaves a session that others go on with, and its temporary objects in it. */
const TIDY = 'RESET ALL; DEALLOCATE ALL; CLOSE ALL; UNLISTEN *; SELECT pg_advisory_unlock_all(); RESET SESSION AUTHORIZATION'

/** The sessions that statements are tried in: a new one each time, or one that has temporary objects and is kept for their sake. */
export class Sessions implements AsyncDisposable {
  readonly #url: string
  readonly #statementMs: number
  readonly #temporary: boolean
  #kept: pg.Client | null = null

  constructor(url: string, statementMs: number, temporary: boolean) {
    this.#url = url
    this.#statementMs = statementMs
    this.#temporary = temporary
  }

  async take(): Promise<pg.Client> {
    if (this.#kept) return this.#kept
    const client = new pg.Client({ connectionString: this.#url, options: `-c statement_timeout=${this.#statementMs}` })
    client.on('error', () => undefined) // whoever took it listens too
    await client.connect()
    if (!this.#temporary) return client
    await client.query(TEMPORARY)
    return (this.#kept = client)
  }

  /** `over`: nothing more can be done in it. */
  async giveBack(client: pg.Client, over: boolean): Promise<void> {
    if (client === this.#kept && !over) return void (await client.query(TIDY))
    this.#kept = null
    await client.end().catch(() => undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kept?.end().catch(() => undefined)
  }
}

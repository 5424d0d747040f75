import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { READING_FUNCTIONS } from '../../../packages/gateway/src/adapters/postgres/classify/functions.ts'
import { SESSION_SETTINGS } from '../../../packages/gateway/src/adapters/postgres/classify/settings.ts'
import { type PostgresServer, startPostgres } from '../postgres.ts'
import { Classifier } from './classifier.ts'
import { statement } from './grammar.ts'
import { EXTENDED, SEED, SETTINGS, TRUSTED } from './seed.ts'
import { readShelf, type Shelf } from './shelf.ts'
import { shrink } from './shrink.ts'
import { Sessions } from './sessions.ts'
import { messagesOf } from './statements.ts'
import { TEXTS } from './values.ts'
import { differences, insist, leftIn, Watch, type World } from './world.ts'

const STATEMENT_MS = 250

/** A statement that was called a read, or session state, and changed the world. */
export interface Failure {
  readonly seed: number
  readonly index: number
  readonly text: string
  readonly shrunk: string
  readonly changed: readonly string[]
}

export interface Tally {
  readonly statements: number
  /** Called a read or session state, and so run; and those of them that the server ran without an error. */
  readonly reads: number
  readonly succeeded: number
  readonly failures: readonly Failure[]
  /** The world changed in a batch, and none of its statements did it again alone. */
  readonly unexplained: readonly (readonly string[])[]
}

interface Server {
  readonly version?: 15 | 18
  readonly trusted?: readonly string[]
  readonly temporary?: boolean
}

interface Options {
  readonly from?: number
  readonly batch?: number
  readonly most?: number
  readonly tell?: (line: string) => void
  /** A failure, or what changed without one, as soon as it is seen. */
  readonly found?: (what: Failure | readonly string[]) => void
}

interface Tried {
  readonly succeeded: number
  /** What changed, by name. */
  readonly changed: readonly string[]
}

/** A throw-away server whose every change shows, and the classifier whose reads are tried there by a role that may do anything. */
export class Differential implements AsyncDisposable {
  readonly #server: PostgresServer
  readonly #sessions: Sessions
  readonly #watch: Watch
  readonly #classifier: Classifier
  readonly #shelf: Shelf
  /** A folder beside the database where everybody may write. */
  readonly outside: string
  #before: World | null = null

  private constructor(server: PostgresServer, sessions: Sessions, watch: Watch, classifier: Classifier, shelf: Shelf, outside: string) {
    this.#server = server
    this.#sessions = sessions
    this.#watch = watch
    this.#classifier = classifier
    this.#shelf = shelf
    this.outside = outside
  }

  /** `temporary`: all in one session, whose own objects hide some of the same name. `trusted` are functions that a wrong classifier takes for harmless. */
  static async open({ version = 18, trusted = [], temporary = false }: Server = {}): Promise<Differential> {
    const server = await startPostgres({ version, settings: SETTINGS })
    const outside = mkdtempSync(join(tmpdir(), 'countersign-outside-'))
    chmodSync(outside, 0o777) // the server may be another user
    const client = new pg.Client(server.url('postgres'))
    await client.connect()
    await client.query(SEED + EXTENDED.replaceAll('OUTSIDE', outside))
    const sessions = new Sessions(server.url('postgres'), STATEMENT_MS, temporary)
    const session = await sessions.take()
    for (const vacuum of ['VACUUM (FREEZE, ANALYZE)', 'VACUUM (FREEZE)', 'VACUUM (FREEZE)']) await client.query(vacuum) // each leaves a little for the next
    const reviewed = new Set([...READING_FUNCTIONS, ...trusted.map((name) => name.replace(/^.*\./, ''))])
    const shelf = await readShelf(session, (name) => reviewed.has(name))
    const planted = shelf.reviewed.filter(({ name }) => trusted.includes(name))
    const path = await pathOf(session)
    await sessions.giveBack(session, false)
    await client.query('CHECKPOINT')
    await client.end()
    const watch = await Watch.over(server, TEXTS.filter(Boolean), [outside])
    await watch.look() // the first to read what a vacuum has left prunes it
    // A bug that is there on purpose is met soon.
    const favoured = { ...shelf, reviewed: [...shelf.reviewed, ...Array.from({ length: 50 }, () => planted).flat()] }
    return new Differential(server, sessions, watch, await Classifier.of(server, path, trusted, TRUSTED), favoured, outside)
  }

  /** Statements `from` to `from + count` of a seed, in batches; stops at `most` failures. */
  async run(seed: number, count: number, { from = 0, batch = 250, most = 5, tell, found }: Options = {}): Promise<Tally> {
    const tally = { statements: 0, reads: 0, succeeded: 0, failures: [] as Failure[], unexplained: [] as (readonly string[])[] }
    let made = 0
    const gather = async () => {
      const reads: { index: number; text: string }[] = []
      for (; reads.length < batch && made < count; made++) {
        const index = from + made
        const text = statement(seed, index, this.#shelf, this.#watch.victim)
        if (await this.isRead(text)) reads.push({ index, text })
      }
      return { reads, upTo: made }
    }
    for (let next = gather(); tally.statements < count && tally.failures.length < most;) {
      const { reads, upTo } = await next
      next = gather() // while the server runs these
      tally.statements = upTo
      const { succeeded, changed } = await this.#try(reads.map(({ text }) => text))
      tally.reads += reads.length
      tally.succeeded += succeeded
      if (changed.length > 0) {
        const guilty = await this.#bisect(reads)
        if (guilty) tally.failures.push({ seed, ...guilty, changed: await this.changes(guilty.text), shrunk: await this.#shrink(guilty.text) })
        else tally.unexplained.push(changed)
        found?.(guilty ? (tally.failures.at(-1) ?? changed) : changed)
      }
      tell?.(`${tally.statements} statements, ${tally.reads} reads, ${tally.succeeded} without an error, ${tally.failures.length} failures`)
    }
    return tally
  }

  /** What one statement changes, whatever it is called. */
  async changes(text: string): Promise<readonly string[]> {
    return (await this.#try([text])).changed
  }

  isRead(text: string): Promise<boolean> {
    return this.#classifier.isRead(messagesOf(text))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#classifier[Symbol.dispose]()
    await this.#sessions[Symbol.asyncDispose]()
    await this.#watch[Symbol.asyncDispose]()
    await this.#server.stop()
    rmSync(this.outside, { recursive: true })
  }

  /** One after the other, each in a transaction of its own. */
  async #try(texts: readonly string[]): Promise<Tried> {
    const client = await this.#sessions.take()
    const cut: string[] = []
    const onError = (error: Error) => void cut.push(`the session was cut: ${error.message}`)
    client.on('error', onError)
    const before = this.#before ?? (await this.#watch.look())
    let succeeded = 0
    for (const text of texts) {
      const error = await run(client, messagesOf(text))
      if (error === null) succeeded++
      else if (isInterrupted(error)) cut.push(`it was interrupted: ${messageOf(error)}`)
      if (cut.length === 0 && /\bBEGIN\b/.test(text)) await insist(client, 'ROLLBACK')
      if (cut.length > 0) break
    }
    const left = cut.length > 0 ? cut : await leftIn(client, SESSION_SETTINGS)
    client.off('error', onError)
    await this.#sessions.giveBack(client, cut.length > 0)
    const after = await this.#watch.look()
    this.#before = cut.length > 0 ? null : after // what is made anew in another session shows too
    return { succeeded, changed: [...left, ...differences(before, after)] }
  }

  async #bisect<T extends { readonly text: string }>(suspects: readonly T[]): Promise<T | null> {
    if (suspects.length === 0) return null
    const texts = suspects.map(({ text }) => text)
    if ((await this.#try(texts)).changed.length === 0) return null
    if (suspects.length === 1) return suspects[0] ?? null
    const middle = suspects.length >> 1
    return (await this.#bisect(suspects.slice(0, middle))) ?? (await this.#bisect(suspects.slice(middle)))
  }

  #shrink(text: string): Promise<string> {
    return shrink(text, async (smaller) => (await this.isRead(smaller)) && (await this.changes(smaller)).length > 0)
  }
}

/** Where a session looks names up, its own temporary objects included. */
async function pathOf(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ path: string[] }>('SELECT current_schemas(true)::text[] AS path')
  return rows[0]?.path ?? []
}

/** The last error, or null. */
async function run(client: pg.Client, messages: readonly string[]): Promise<unknown> {
  let error: unknown = null
  for (const message of messages) await client.query(message).catch((reason: unknown) => (error = reason))
  return error
}

/** Cancelled by somebody, and not by the time that it took; or cut. */
function isInterrupted(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return true
  return error.code?.startsWith('57') === true && !error.message.includes('statement timeout')
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : 'for an unknown reason')

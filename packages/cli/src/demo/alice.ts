import pg from 'pg'
import { optionsFor } from '../psql.ts'
import { ALICE, RESOURCE } from './files.ts'
import type { DemoGateway } from './gateway.ts'
import type { Lifetime } from './lifetime.ts'

/** What PostgreSQL clients print of a notice or an error. */
export interface Message {
  readonly severity: string
  readonly message: string
  readonly detail: string | null
  readonly hint: string | null
  readonly code: string | null
}

export interface Answer {
  readonly command: string
  readonly rowCount: number
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** Alice's connection through the gateway: node-postgres, which knows nothing of Countersign and proves her token by SCRAM. */
export class Alice {
  readonly #client: pg.Client
  readonly #notices: Message[] = []
  readonly #waiting = new Set<() => void>()
  /** How the connection ended, when the other side ended it. */
  readonly cut: Promise<Message>

  private constructor(client: pg.Client) {
    this.#client = client
    client.on('notice', (notice) => {
      this.#notices.push(messageOf(notice))
      for (const look of this.#waiting) look()
    })
    this.cut = new Promise((resolve) => client.on('error', (error) => resolve(messageOf(error))))
  }

  /** `reason` is what the reviewers see. */
  static async connect(life: Lifetime, { postgres, alice }: DemoGateway, reason: string): Promise<Alice> {
    life.signal.throwIfAborted()
    const login = { ...postgres, user: ALICE, password: alice.token, database: RESOURCE, options: optionsFor(undefined, { reason }) }
    const connection = new Alice(new pg.Client({ ...login, ssl: false, types: { getTypeParser: () => String } }))
    await connection.#client.connect()
    life.onEnd(() => connection.end())
    return connection
  }

  /** Notices since the last call. */
  takeNotices(): readonly Message[] {
    return this.#notices.splice(0)
  }

  async run(text: string): Promise<Answer> {
    const { command, rowCount, fields, rows } = await this.#client.query<string[]>({ text, rowMode: 'array' })
    return { command, rowCount: rowCount ?? 0, columns: fields.map(({ name }) => name), rows }
  }

  /** Resolves with the next notice. Rejects when the statement ends first. */
  async nextNotice(statement: Promise<unknown>): Promise<Message> {
    const heard = Promise.withResolvers<Message>()
    const look = () => {
      const notice = this.#notices.shift()
      if (notice) heard.resolve(notice)
    }
    this.#waiting.add(look)
    look()
    statement.then(
      () => heard.reject(new Error('the statement ran, and no notice came')),
      (error: unknown) => heard.reject(error),
    )
    return heard.promise.finally(() => this.#waiting.delete(look))
  }

  /** The connection is gone without a goodbye, as when a laptop falls asleep. */
  vanish(): void {
    const socket: unknown = Reflect.get(Reflect.get(this.#client, 'connection'), 'stream')
    if (typeof socket === 'object' && socket !== null && 'destroy' in socket && typeof socket.destroy === 'function') socket.destroy()
  }

  async end(): Promise<void> {
    await this.#client.end().catch(() => undefined) // it may be gone already
  }
}

/** An error that PostgreSQL, or the gateway in its words, sent. */
export function messageOf(error: Error | { readonly [K in keyof Message]?: unknown }): Message {
  const field = (name: string): string | null => {
    const value: unknown = Reflect.get(error, name)
    return typeof value === 'string' && value !== '' ? value : null
  }
  return { severity: field('severity') ?? 'ERROR', message: field('message') ?? '', detail: field('detail'), hint: field('hint'), code: field('code') }
}

/** As psql prints it. */
export function printMessage({ severity, message, detail, hint }: Message): string {
  return [`${severity}:  ${message}`, ...(detail === null ? [] : [`DETAIL:  ${detail}`]), ...(hint === null ? [] : [`HINT:  ${hint}`])].join('\n')
}

/** As psql prints it. */
export function printAnswer({ command, rowCount, columns, rows }: Answer): string {
  if (columns.length === 0) return `${command} ${rowCount}`
  const widths = columns.map((name, index) => Math.max(name.length, ...rows.map((row) => row[index]?.length ?? 0)))
  const line = (cells: readonly string[]) => ` ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')}`.trimEnd()
  const rule = widths.map((width) => '-'.repeat(width + 2)).join('+')
  return [line(columns), rule, ...rows.map(line), `(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`].join('\n')
}

import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import pg from 'pg'
import { CliError, systemCode } from './error.ts'
import { optionsFor, type PostgresTarget } from './psql.ts'

/** One statement's outcome. Cells are as JSON can carry them exactly: numbers where they are exact, else PostgreSQL's own text. */
export interface StatementResult {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
  readonly rowCount: number | null
  readonly command: string
}

export interface Notice {
  readonly message: string
  readonly detail: string | null
  readonly hint: string | null
}

/** One run of `text` through the gateway, which may hold it for as long as a review takes. */
export class StatementRun {
  readonly #target: PostgresTarget
  readonly #client: pg.Client

  constructor(target: PostgresTarget, onNotice: (notice: Notice) => void) {
    this.#target = target
    this.#client = new pg.Client({
      host: target.host,
      port: target.port,
      user: target.user,
      database: target.database,
      password: target.token,
      ssl: target.certificate === null ? false : { ca: target.certificate },
      options: optionsFor(process.env['PGOPTIONS'], target.purpose),
      types: { getTypeParser },
    })
    this.#client.on('notice', ({ message = '', detail = null, hint = null }) => onNotice({ message, detail, hint }))
    // A connection that breaks while the query runs rejects the query; without a listener it would end the process too.
    this.#client.on('error', () => undefined)
  }

  /** One result for each statement in `text`. Throws CliError: denied, pending (nobody has decided yet), or failed. */
  async run(text: string): Promise<readonly StatementResult[]> {
    try {
      await this.#client.connect()
      const answer: unknown = await this.#client.query({ text, rowMode: 'array' })
      return (Array.isArray(answer) ? answer : [answer]).map((each: pg.QueryArrayResult<unknown[]>) => resultOf(each))
    } catch (error) {
      throw failureOf(error, this.#target)
    } finally {
      await this.#client.end()
    }
  }

  /** Stops what runs on the server, as psql's Ctrl-C does. False when there is nothing to stop yet. */
  async cancel(): Promise<boolean> {
    const [process, key]: unknown[] = [Reflect.get(this.#client, 'processID'), Reflect.get(this.#client, 'secretKey')]
    if (typeof process !== 'number' || typeof key !== 'number') return false
    await sendCancel(this.#target, process, key)
    return true
  }
}

const resultOf = ({ fields, rows, rowCount, command }: pg.QueryArrayResult<unknown[]>): StatementResult => ({
  columns: fields.map(({ name }) => name),
  rows,
  rowCount,
  command,
})

/** What text protocol values become, by type OID (pg_type.dat). A number that JavaScript would round stays text. */
function getTypeParser(oid: number): (text: string) => unknown {
  switch (oid) {
    case 16: // bool
      return (text) => text === 't'
    case 21: // int2
    case 23: // int4
    case 26: // oid
      return Number
    case 700: // float4
    case 701: // float8
      return (text) => (Number.isFinite(Number(text)) ? Number(text) : text)
    case 114: // json
    case 3802: // jsonb
      return (text): unknown => JSON.parse(text)
    default:
      return (text) => text
  }
}

/** The gateway says a held statement's name first; the SQLSTATEs are those of its Postgres adapter. */
function failureOf(error: unknown, { host, port }: PostgresTarget): unknown {
  if (!(error instanceof pg.DatabaseError)) {
    const code = systemCode(error)
    return code === null
      ? error
      : new CliError(
          'failed',
          `the gateway's Postgres port ${host}:${port} does not answer (${code})`,
          'check that the gateway runs, and that this machine may reach that port',
          { cause: error },
        )
  }
  const said = `${error.message}${error.detail ? `\n${error.detail}` : ''}`
  const hint = error.hint ?? null
  if (error.code === '42501') return new CliError('denied', said, hint, { cause: error })
  const pending = (error.code === '55000' || error.code === '57P03') && /^(still )?held req-/.test(error.message)
  return new CliError(pending ? 'pending' : 'failed', said, hint, { cause: error })
}

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

/** CancelRequest on a connection of its own (PostgreSQL documentation, section 54.2.10); the server answers by closing it. */
function sendCancel({ host, port, certificate }: PostgresTarget, process: number, key: number): Promise<void> {
  const message = Buffer.alloc(16)
  for (const [index, value] of [16, 80_877_102, process, key].entries()) message.writeInt32BE(value | 0, index * 4)
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port })
    socket.once('error', reject).once('close', () => resolve())
    if (certificate === null) {
      socket.end(message)
      return
    }
    socket.write(SSL_REQUEST)
    socket.once('data', (answer) => {
      if (answer.toString() === 'S') connectTls({ socket, host, ca: certificate }).once('error', reject).end(message)
      else socket.destroy(new Error('the gateway does not offer TLS'))
    })
  })
}

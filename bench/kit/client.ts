import { connect, type Socket } from 'node:net'
import { Backend, BackendScanner, type Piece } from '@countersign/wire/postgres/backend'
import { decodeAuthentication, decodeFields } from '@countersign/wire/postgres/backend-message'
import { query, saslInitial, saslResponse, startup, terminate } from '@countersign/wire/postgres/encode'
import { ScramClient } from '@countersign/wire/postgres/scram-client'
import type { Side } from './side.ts'

/** ReadyForQuery, outside any transaction. */
const READY = Buffer.from([Backend.readyForQuery, 0, 0, 0, 5, 0x49])

/**
 * A client that costs as little as one can: it logs in by SCRAM and looks at no row. Of what it is told it keeps the
 * notices, in `told`.
 */
export class LightClient {
  readonly socket: Socket
  readonly told: string[] = []
  readonly #scanner = new BackendScanner()
  #scram: ScramClient | null = null
  #onPiece: (piece: Piece) => void = () => undefined
  #onHear: () => void = () => undefined
  #onEnd: (error: Error) => void = () => undefined
  /** Resolves when the connection is over; with the wall time of that, Unix milliseconds. */
  readonly closed: Promise<number>

  private constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true })
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve(Date.now())))
    this.socket.on('error', (error) => this.#onEnd(error))
    this.socket.on('close', () => this.#onEnd(new Error(`the connection ended: ${this.told.at(-1) ?? 'nothing was said'}`)))
    this.socket.on('data', (chunk: Uint8Array) => this.#take(chunk))
  }

  /** Connected, logged in and told ReadyForQuery. */
  static async login({ port, user, password, database }: Pick<Side, 'port' | 'user' | 'password' | 'database'>): Promise<LightClient> {
    const client = new LightClient(port)
    const ready = client.#until(Backend.readyForQuery, (piece, reject) => {
      if (piece.code === Backend.authentication && piece.body) client.#prove(piece.body, password).catch(reject)
    })
    client.socket.write(
      startup(0, [
        ['user', user],
        ['database', database],
      ]),
    )
    await ready
    return client
  }

  /** Runs one statement, however much it answers, and resolves when the server is ready again. */
  async run(text: string): Promise<void> {
    const ready = this.#until(Backend.readyForQuery)
    this.socket.write(query(text))
    await ready
  }

  /** Resolves when it is told something like this. */
  hears(what: RegExp): Promise<void> {
    return new Promise((resolve) => {
      this.#onHear = () => {
        if (this.told.some((text) => what.test(text))) resolve()
      }
      this.#onHear()
    })
  }

  /** As `run`, for very large answers: nothing but the last bytes is looked at, and it resolves with how many bytes there were. */
  async discard(text: string): Promise<number> {
    this.socket.removeAllListeners('data')
    let bytes = 0
    let tail: Buffer = Buffer.alloc(0)
    const done = new Promise<void>((resolve, reject) => {
      this.#onEnd = reject
      this.socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        tail = chunk.length >= READY.length ? chunk.subarray(-READY.length) : Buffer.concat([tail, chunk]).subarray(-READY.length)
        if (tail.equals(READY)) resolve()
      })
    })
    this.socket.write(query(text))
    await done
    return bytes
  }

  /** As a client that is done, which waits for nothing more. */
  hangUp(): void {
    this.socket.end(terminate())
    this.socket.resume()
  }

  /** And this one waits until it has been let go. */
  async close(): Promise<void> {
    this.hangUp()
    await this.closed
  }

  async #prove(body: Uint8Array, password: string): Promise<void> {
    const asked = decodeAuthentication(body)
    if (asked.kind === 'sasl') {
      this.#scram = new ScramClient({ password, mechanisms: asked.mechanisms, channelBinding: null })
      this.socket.write(saslInitial(this.#scram.mechanism, this.#scram.first()))
    } else if (asked.kind === 'saslContinue') this.socket.write(saslResponse((await this.#scram?.answer(asked.data)) ?? new Uint8Array()))
    else if (asked.kind === 'saslFinal') this.#scram = null
  }
  #until(code: number, see: (piece: Piece, reject: (error: Error) => void) => void = () => undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onEnd = reject
      this.#onPiece = (piece) => {
        if (piece.code === code) resolve()
        else see(piece, reject)
      }
    })
  }

  #take(chunk: Uint8Array): void {
    for (const piece of this.#scanner.push(chunk)) {
      if (piece.body && (piece.code === Backend.errorResponse || piece.code === Backend.noticeResponse)) this.#hear(piece.code, piece.body)
      this.#onPiece(piece)
    }
  }

  #hear(code: number, body: Uint8Array): void {
    const message = decodeFields(body).get('M') ?? ''
    this.told.push(message)
    this.#onHear()
    if (code === Backend.errorResponse) this.#onEnd(new Error(message))
  }
}

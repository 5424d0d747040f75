import { connect, Socket } from 'node:net'
import { Backend } from '@countersign/wire/postgres/backend'
import {
  decodeAuthentication,
  decodeBackendKeyData,
  decodeCommandComplete,
  decodeDataRow,
  decodeFields,
  decodeReadyForQuery,
} from '@countersign/wire/postgres/backend-message'
import { cancelRequest, saslInitial, saslResponse, startup } from '@countersign/wire/postgres/encode'
import { frameSize, HEADER_BYTES } from '@countersign/wire/postgres/frame'
import { ScramClient } from '@countersign/wire/postgres/scram-client'
import { shownText } from '@countersign/wire/postgres/text'
import type { Person } from './stage.ts'

export interface Place {
  readonly host: string
  readonly port: number
}

/** One message of the server, whole. */
export interface Answer {
  readonly code: number
  readonly body: Uint8Array
}

/** How long a test waits for an answer before it says what came instead. */
const PATIENCE_MS = 10_000
const FRAME_BYTES = 2 ** 30

/** A socket to a PostgreSQL port that says exactly what a test tells it, and shows exactly what comes back. */
export class RawClient {
  readonly socket: Socket
  key: { readonly processId: number; readonly secretKey: Uint8Array } | null = null
  #bytes: Buffer = Buffer.alloc(0)
  #wake: () => void = () => undefined
  #ended = false

  /** To a port, or over a socket that is connected already, inside TLS for instance. */
  constructor(to: Place | Socket) {
    this.socket = to instanceof Socket ? to : connect({ host: to.host, port: to.port, noDelay: true })
    this.socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk])
      this.#wake()
    })
    this.socket.on('error', () => undefined) // a reset ends it as well as a goodbye
    this.socket.on('close', () => this.#end())
    this.socket.on('end', () => this.#end())
  }

  /** Logs in by SCRAM without TLS, as a loopback client may, and reads on to the first ReadyForQuery. */
  static async login(
    place: Place | Socket,
    { user, token }: Pick<Person, 'user' | 'token'>,
    database = 'db',
    parameters: readonly [string, string][] = [],
    minor = 0,
  ) {
    const client = new RawClient(place)
    client.send(startup(minor, [['user', user], ['database', database], ...parameters]))
    await client.authenticate(token)
    const greeting = await client.until(Backend.readyForQuery)
    const key = greeting.find(({ code }) => code === Backend.backendKeyData)
    if (!key) throw new Error(`no login, but: ${greeting.map(tell).join(', ')}`)
    client.key = decodeBackendKeyData(key.body)
    return client
  }

  /** All in one write. */
  send(...messages: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(messages))
  }

  async authenticate(token: string): Promise<void> {
    const offer = await this.#step('sasl')
    const scram = new ScramClient({ password: token, mechanisms: offer.mechanisms, channelBinding: null })
    this.send(saslInitial(scram.mechanism, scram.first()))
    const challenge = await this.#step('saslContinue')
    this.send(saslResponse(await scram.answer(challenge.data)))
    scram.verify((await this.#step('saslFinal')).data)
    await this.#step('ok')
  }

  async #step<Kind extends ReturnType<typeof decodeAuthentication>['kind']>(kind: Kind) {
    const answer = await this.next()
    if (answer?.code !== Backend.authentication) throw new Error(`wanted ${kind}, got ${answer ? tell(answer) : 'the end'}`)
    const asked = decodeAuthentication(answer.body)
    if (!isKind(asked, kind)) throw new Error(`wanted ${kind}, got ${asked.kind}`)
    return asked
  }

  /** Null when the connection has ended. Rejects when neither comes in time. */
  async next(): Promise<Answer | null> {
    for (;;) {
      const answer = this.#take()
      if (answer) return answer
      if (this.#ended) return null
      await this.#more()
    }
  }

  /** Tells the next message. */
  async told(): Promise<string> {
    const answer = await this.next()
    return answer ? tell(answer) : 'the end'
  }

  /** Every message up to and with the next of this type, or all there are when the connection ends before. */
  async until(code: number): Promise<Answer[]> {
    const answers: Answer[] = []
    for (let answer = await this.next(); answer !== null; answer = await this.next()) {
      answers.push(answer)
      if (answer.code === code) break
    }
    return answers
  }

  /** Sends, and tells what came back up to ReadyForQuery (see `tell`). */
  async ask(...messages: readonly Uint8Array[]): Promise<string[]> {
    this.send(...messages)
    return (await this.until(Backend.readyForQuery)).map(tell)
  }

  /** Tells everything up to the end of the connection. */
  async last(): Promise<string[]> {
    const answers: string[] = []
    for (let answer = await this.next(); answer !== null; answer = await this.next()) answers.push(tell(answer))
    return answers
  }

  /** Nothing comes for this long. */
  async silent(ms: number): Promise<boolean> {
    await new Promise((resolve) => setTimeout(resolve, ms))
    return this.#bytes.length === 0 && !this.#ended
  }

  /** Raw bytes, for answers that have no frame. */
  async byte(): Promise<string | null> {
    while (this.#bytes.length === 0 && !this.#ended) await this.#more()
    const byte = this.#bytes.subarray(0, 1)
    this.#bytes = this.#bytes.subarray(1)
    return byte.length === 1 ? byte.toString('latin1') : null
  }

  close(): void {
    this.socket.destroy()
  }

  #take(): Answer | null {
    if (this.#bytes.length < HEADER_BYTES) return null
    const size = frameSize(this.#bytes, 0, FRAME_BYTES)
    if (this.#bytes.length < size) return null
    const frame = this.#bytes.subarray(0, size)
    this.#bytes = this.#bytes.subarray(size)
    return { code: frame[0] ?? 0, body: frame.subarray(HEADER_BYTES) }
  }

  #more(): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS} ms`)), PATIENCE_MS)
      this.#wake = () => {
        clearTimeout(late)
        resolve()
      }
    })
  }

  #end(): void {
    this.#ended = true
    this.#wake()
  }
}

/** One message in few words: `row 1,null`, `complete SELECT 1`, `error 42501 denied by …`, `ready T`, or the name of its type. */
export function tell({ code, body }: Answer): string {
  switch (code) {
    case Backend.dataRow:
      return `row ${decodeDataRow(body)
        .map((value) => (value === null ? 'null' : shownText(value)))
        .join(',')}`
    case Backend.commandComplete:
      return `complete ${decodeCommandComplete(body).tag}`
    case Backend.errorResponse:
    case Backend.noticeResponse: {
      const fields = decodeFields(body)
      return `${code === Backend.errorResponse ? 'error' : 'notice'} ${fields.get('C')} ${fields.get('M')}`
    }
    case Backend.readyForQuery:
      return `ready ${decodeReadyForQuery(body)}`
    default:
      return Object.entries(Backend).find(([, each]) => each === code)?.[0] ?? `0x${code.toString(16)}`
  }
}

/** Cancels as libpq does: over a connection of its own, and resolves when the server has closed it. */
export async function cancel(place: Place, { key }: Pick<RawClient, 'key'>): Promise<void> {
  if (!key) throw new Error('this client has not logged in')
  const other = new RawClient(place)
  other.send(cancelRequest(key.processId, key.secretKey))
  await other.last()
  other.close()
}

function isKind<Kind extends ReturnType<typeof decodeAuthentication>['kind']>(
  asked: ReturnType<typeof decodeAuthentication>,
  kind: Kind,
): asked is Extract<ReturnType<typeof decodeAuthentication>, { kind: Kind }> {
  return asked.kind === kind
}

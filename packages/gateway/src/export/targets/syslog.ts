import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { ExportConfig } from '../../config/config.ts'
import { framed, type Sender, syslogMessage } from './syslog-message.ts'
import { ANSWER_MS, type Batch, reasonOf, type Target, TargetError } from './target.ts'

type Options = Extract<ExportConfig['target'], { readonly kind: 'syslog' }>

/**
 * RFC 5424 over TLS (RFC 5425). Syslog has no acknowledgement, and a write that returned may still be lost on its way: a killed receiver
 * takes with it what its kernel has and it has not read. So each batch has a connection of its own, which is ended with `close_notify` and counts
 * only when the receiver has ended it too, without an error. It does so (section 4.4) when it has read everything before it.
 */
export class Syslog implements Target {
  readonly #options: Options
  readonly #sender: Sender

  constructor(options: Options, sender: Sender) {
    this.#options = options
    this.#sender = sender
  }

  async deliver({ records }: Batch, signal: AbortSignal): Promise<void> {
    const { host, port } = this.#options
    const ended = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
    try {
      const socket = await this.#connect(ended)
      try {
        await send(socket, records.map((record) => framed(syslogMessage(record, this.#sender))).join(''), ended)
      } finally {
        socket.destroy()
      }
    } catch (error) {
      throw new TargetError(`the syslog receiver ${host}:${port} did not take a batch: ${ended.aborted ? 'no answer in time' : reasonOf(error)}`, {
        cause: error,
      })
    }
  }

  async #connect(signal: AbortSignal): Promise<TLSSocket> {
    const { host, port, tls } = this.#options
    const [ca, cert, key] = await Promise.all([tls.ca, tls.cert, tls.key].map(async (file) => (file === null ? undefined : readFile(file, 'utf8'))))
    const socket = connect({
      host,
      port,
      servername: isIP(host) === 0 ? host : '',
      minVersion: 'TLSv1.2',
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    })
    const onAbort = () => socket.destroy(new Error('it was ended'))
    signal.addEventListener('abort', onAbort, { once: true })
    await once(socket, 'secureConnect')
    return socket
  }
}

/** Resolves when the other side has ended its half after ours. Whatever it says meanwhile is of no interest. */
async function send(socket: TLSSocket, text: string, signal: AbortSignal): Promise<void> {
  const closed = once(socket, 'end', { signal })
  socket.resume()
  socket.end(text)
  await closed
}

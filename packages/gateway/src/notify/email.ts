import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { NotifyConfig } from '../config/config.ts'
import { isLoopback } from '../config/resource.ts'
import { readSecret } from '../config/secret.ts'
import { ANSWER_MS, type Channel, DeliveryError, type Parcel, reasonOf } from './channel.ts'
import { letterOf } from './letter.ts'
import { addressOf } from './address.ts'

type EmailConfig = NonNullable<NotifyConfig['email']>

/** E-mail through the operator's own server, each message to one person, in text and in HTML. */
export class EmailChannel implements Channel {
  readonly #config: EmailConfig
  readonly #url: () => string

  /** `url`: where people reach the gateway. */
  constructor(config: EmailConfig, url: () => string) {
    this.#config = config
    this.#url = url
  }

  async send({ id, message, to }: Parcel, signal: AbortSignal): Promise<void> {
    const address = addressOf(to)
    if (address === null) return
    const { from } = this.#config
    const domain = from.slice(from.lastIndexOf('@') + 1)
    const thread = createHash('sha256').update(`${message.tag} ${to.name}`).digest('hex').slice(0, 32)
    const mail = {
      ...letterOf(message, this.#url()),
      from: { name: 'Countersign', address: from },
      to: { name: '', address },
      messageId: `<${id}@${domain}>`,
      references: `<${thread}@${domain}>`,
      // RFC 3834: no automatic answer to it is wanted.
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
      disableFileAccess: true,
      disableUrlAccess: true,
    }
    const transport = await this.#transport()
    const sent = transport.sendMail(mail).then(() => undefined)
    try {
      await Promise.race([sent, aborted(AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]))])
    } catch (error) {
      throw failure(this.#config, error)
    } finally {
      transport.close()
    }
  }

  /** Nothing goes off this machine in clear, a password least of all. */
  async #transport() {
    const { createTransport } = await import('nodemailer') // most gateways send none
    const { host, port, secure, credential, ca } = this.#config
    const tls = !isLoopback(host) || ca !== null
    return createTransport({
      host,
      port,
      secure,
      requireTLS: tls,
      ignoreTLS: !tls,
      ...(credential === null ? {} : { auth: { user: credential.username, pass: await readSecret(credential.password) } }),
      ...(ca === null ? {} : { tls: { ca: await readFile(ca, 'utf8') } }),
      connectionTimeout: ANSWER_MS,
      greetingTimeout: ANSWER_MS,
      socketTimeout: ANSWER_MS,
    })
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = () => reject(signal.reason as Error)
    if (signal.aborted) fail()
    else signal.addEventListener('abort', fail, { once: true })
  })
}

/** A server's own words may name whom we wrote to: its code says enough. */
function failure({ host, port }: EmailConfig, cause: unknown): DeliveryError {
  const answered = cause instanceof Error && 'responseCode' in cause ? Number(cause.responseCode) : null
  const refused = cause instanceof Error && 'code' in cause && cause.code === 'EENVELOPE'
  const what = answered === null ? `did not take a message: ${reasonOf(cause)}` : `answered ${answered}`
  return new DeliveryError(`${host}:${port} ${what}`, { cause, everybody: !refused, final: refused && answered !== null && answered >= 500 })
}

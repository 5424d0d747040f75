import type { Duplex } from 'node:stream'
import { tlsServerEndPoint } from '@countersign/wire/postgres/channel-binding'
import { negotiateProtocolVersion } from '@countersign/wire/postgres/encode'
import { ProtocolError } from '@countersign/wire/postgres/error'
import { type FirstPacket, NEWEST_MINOR, type Opening, StartupDecoder } from '@countersign/wire/postgres/startup'
import type { Client, Purpose } from '../adapter.ts'
import { tooLong } from './purpose.ts'
import { ConnectionRefused } from './refuse.ts'
import { SESSION_SETTINGS } from './classify/settings.ts'

/** What a client asks for when it opens a connection. */
export interface Startup {
  readonly kind: 'startup'
  readonly stream: Duplex
  readonly encrypted: boolean
  /** What SCRAM may bind to this TLS connection (RFC 5929 section 4.1); null without TLS, or where its certificate has no such hash. */
  readonly channelBinding: Uint8Array | null
  /** The protocol is 3.x with this x. */
  readonly minor: number
  /** Bytes that came behind the startup packet. */
  readonly rest: Uint8Array
  readonly user: string
  readonly resource: string
  readonly database: string | null
  readonly purpose: Purpose
  /** Settings for the target, all of them on the allow-list. */
  readonly settings: ReadonlyMap<string, string>
}

export interface CancelRequest {
  readonly kind: 'cancel'
  readonly processId: number
  readonly secretKey: Uint8Array
}

type Channel = Pick<Startup, 'encrypted' | 'channelBinding'>

const ALPN = 'postgresql'
const ACCEPT = Buffer.from('S')
const DECLINE = Buffer.from('N')

/**
 * Everything before authentication: encryption is answered, and the startup packet read. Null when the client closed
 * without saying anything, as health checks do. `secured` gets the stream over which the client is spoken to from then on.
 * Throws ProtocolError or ConnectionRefused.
 */
export async function readStartup(client: Client, secured: (stream: Duplex) => void): Promise<Startup | CancelRequest | null> {
  const decoder = new StartupDecoder()
  let stream = client.stream
  let channel: Channel = { encrypted: false, channelBinding: null }
  for (;;) {
    const opening = await nextPacket(stream, decoder)
    if (opening === null) return null
    const { packet, rest } = opening
    if (packet.kind === 'cancel') return packet
    if (packet.kind === 'startup') return parseStartup(packet, stream, channel, rest)
    const direct = packet.kind === 'tls'
    if (direct) stream.pause().unshift(rest) // where TLS will look for it
    // Bytes behind the request were sent in clear by whoever sits in between (CVE-2021-23214).
    else if (rest.length > 0) throw new ProtocolError('unexpected', 'bytes came behind the request for encryption')
    if (packet.kind === 'gssenc') {
      stream.write(DECLINE)
      continue
    }
    if (channel.encrypted) throw new ProtocolError('unexpected', 'encryption was asked for twice')
    if (!direct) stream.write(ACCEPT)
    const { stream: inside, certificate, protocol } = await client.startTls(stream)
    stream = inside
    channel = { encrypted: true, channelBinding: certificate && tlsServerEndPoint(certificate) }
    secured(stream)
    // What was meant for a server of another protocol must not be taken for ours.
    if (direct && protocol !== ALPN) throw new ProtocolError('unexpected', `TLS without an SSLRequest before it must ask for the protocol ${ALPN} (ALPN)`)
  }
}

function nextPacket(stream: Duplex, decoder: StartupDecoder): Promise<Opening | null> {
  return new Promise((resolve, reject) => {
    const done = (finish: () => void) => {
      stream.off('data', onData)
      stream.off('end', onEnd)
      stream.off('close', onEnd)
      finish()
    }
    const onEnd = () => done(() => resolve(null))
    const onData = (chunk: Uint8Array) => {
      try {
        const opening = decoder.push(chunk)
        if (opening === null) return
        // What comes next is for whoever reads next. TLS takes a socket over as it is, and would leave a paused one so.
        if (opening.packet.kind === 'startup') stream.pause()
        done(() => resolve(opening))
      } catch (error) {
        done(() => reject(error))
      }
    }
    stream.on('data', onData)
    stream.on('end', onEnd)
    stream.on('close', onEnd)
    stream.resume()
  })
}

function parseStartup({ minor: asked, parameters }: Extract<FirstPacket, { kind: 'startup' }>, stream: Duplex, channel: Channel, rest: Uint8Array): Startup {
  const user = parameters.get('user')
  if (!user) throw new ConnectionRefused('28000', 'the startup packet names no user', 'Connect as user=you@example.com.')
  const options = new Map(parameters)
  const unrecognized = [...options.keys()].filter((name) => name.startsWith('_pq_.'))
  const minor = Math.min(asked, NEWEST_MINOR)
  if (asked > minor || unrecognized.length > 0) stream.write(negotiateProtocolVersion(minor, unrecognized))
  for (const name of ['user', 'database', 'options', ...unrecognized]) options.delete(name)
  for (const [name, value] of commandLineOptions(parameters.get('options') ?? '')) options.set(name, value)
  const purpose = { reason: options.get('countersign.reason') ?? null, ticket: options.get('countersign.ticket') ?? null }
  for (const name of ['countersign.reason', 'countersign.ticket']) options.delete(name)
  const long = tooLong(purpose)
  if (long !== null) throw new ConnectionRefused('22001', long, 'Say it shorter, and refer to where all of it stands.')
  const [resource = '', ...database] = (parameters.get('database') ?? user).split('/')
  return {
    kind: 'startup',
    stream,
    ...channel,
    minor,
    rest,
    user,
    resource,
    database: database.length > 0 ? database.join('/') : null,
    purpose,
    settings: allowed(options),
  }
}

/** Startup parameters are an allow-list: any other could run or change something before anybody is judged (CVE-2025-12819). */
function allowed(options: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const settings = new Map<string, string>()
  for (const [anyCase, value] of options) {
    const name = anyCase.toLowerCase() // as PostgreSQL reads it: two of a kind could hide one
    if (name === 'replication' && /^(false|off|no|0)$/i.test(value)) continue
    if (!SESSION_SETTINGS.has(name) && name !== 'client_encoding') {
      throw new ConnectionRefused(
        '42501',
        `the startup parameter ${JSON.stringify(name)} is not allowed here`,
        'Leave it out, or set it after connecting, where policy can judge it.',
      )
    }
    settings.set(name, value)
  }
  // A client in the C locale announces SQL_ASCII, which means that it takes bytes as they are.
  if (/^("?sql_ascii"?)$/i.test(settings.get('client_encoding') ?? '')) settings.set('client_encoding', 'UTF8')
  return settings
}

/** `-c name=value` and `--name=value` as PostgreSQL splits them: backslash escapes the next character. */
function commandLineOptions(text: string): readonly (readonly [string, string])[] {
  const words = [...text.matchAll(/(?:\\.|\S)+/gs)].map(([word]) => word.replace(/\\(.)/gs, '$1'))
  const settings: [string, string][] = []
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    const setting = word === '-c' ? (words[++index] ?? '') : word.startsWith('-c') ? word.slice(2) : word.startsWith('--') ? word.slice(2) : null
    const equals = setting?.indexOf('=') ?? -1
    if (setting === null || equals < 1)
      throw new ConnectionRefused('42601', `the option ${JSON.stringify(word)} is not understood`, 'Write options as -c name=value.')
    settings.push([setting.slice(0, equals).replaceAll('-', '_'), setting.slice(equals + 1)])
  }
  return settings
}

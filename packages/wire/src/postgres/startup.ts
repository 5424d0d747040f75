import { ProtocolError } from './error.ts'
import { Gather } from './gather.ts'
import { BodyReader, int32At } from './reader.ts'

/** The same cap as PostgreSQL's MAX_STARTUP_PACKET_LENGTH. */
export const MAX_STARTUP_BYTES = 10_000

export const SSL_REQUEST = 80_877_103
export const GSSENC_REQUEST = 80_877_104
export const CANCEL_REQUEST = 80_877_102

/** What a client may say before messages have types. `parameters` keeps the client's order; that `user` is among them is for the caller to check. */
export type FirstPacket =
  | { readonly kind: 'ssl' }
  | { readonly kind: 'gssenc' }
  /** A TLS ClientHello with nothing before it (sslnegotiation=direct): `rest` begins with it. */
  | { readonly kind: 'tls' }
  | { readonly kind: 'cancel'; readonly processId: number; readonly secretKey: Uint8Array }
  | { readonly kind: 'startup'; readonly major: 3; readonly minor: number; readonly parameters: ReadonlyMap<string, string> }

/** The newest 3.x that we speak, to clients and to servers. */
export const NEWEST_MINOR = 2
/** Since this one cancel keys may be longer than four bytes. */
export const LONG_KEYS_MINOR = 2

/** A packet, and what followed it in the same chunk. Bytes after `ssl` or `gssenc` came in clear, before our answer, perhaps from somebody in between: close the connection. */
export interface Opening {
  readonly packet: FirstPacket
  readonly rest: Uint8Array
}

/**
 * Decodes the untyped packets that open a connection (PostgreSQL documentation, section 54.7). The bytes come from
 * anybody who reaches the port. Throws ProtocolError, and is to be discarded then. After `ssl` or `gssenc` was answered
 * the same decoder takes the next packet.
 */
export class StartupDecoder {
  readonly #partial = new Gather()

  /** True while part of a packet is here: a client that stops now is stalling. */
  get pending(): boolean {
    return this.#partial.size > 0
  }

  /** Null until the packet is whole. */
  push(chunk: Uint8Array): Opening | null {
    let at = this.#partial.fill(chunk, 0, 4)
    if (this.#partial.size < 4) return null
    if (isClientHello(this.#partial.view)) return { packet: { kind: 'tls' }, rest: Buffer.concat([this.#partial.take(), chunk.subarray(at)]) }
    const length = startupLength(this.#partial.view)
    at += this.#partial.fill(chunk, at, length)
    if (this.#partial.size < length) return null
    return { packet: decodePacket(this.#partial.take()), rest: chunk.subarray(at) }
  }
}

/** A TLS record of a handshake. As a length it would be far over the cap. */
function isClientHello(head: Uint8Array): boolean {
  return head[0] === 0x16 && head[1] === 0x03
}

function startupLength(head: Uint8Array): number {
  const length = int32At(head, 0)
  const foreign = looksLike(head)
  if (foreign !== null) throw new ProtocolError('unexpected', `this is a PostgreSQL port, and the first bytes look like ${foreign}`)
  if (length < 8) throw new ProtocolError('length', `the first packet announces ${length} bytes; the smallest possible is 8`)
  if (length > MAX_STARTUP_BYTES) throw new ProtocolError('too-large', `the first packet announces ${length} bytes; ${MAX_STARTUP_BYTES} is the limit`)
  return length
}

/** Names the protocols that reach the wrong port most. Each would be a length far over the cap, so nothing honest is mistaken for them. */
function looksLike(head: Uint8Array): string | null {
  const text = String.fromCharCode(...head.subarray(0, 4))
  if (/^(GET |POST|PUT |HEAD|DELE|OPTI|PATC|CONN|TRAC|PRI )$/.test(text)) return 'HTTP'
  if (text === 'SSH-') return 'SSH'
  if (/^[QPBDECHSXdcfFp]\0/.test(text)) return 'a PostgreSQL message sent before any startup packet'
  if (/^[\x20-\x7e]{4}$/.test(text)) return 'plain text'
  return null
}

function decodePacket(packet: Uint8Array): FirstPacket {
  const reader = new BodyReader(packet.subarray(4), 'the first packet')
  const code = reader.uint32()
  switch (code) {
    case SSL_REQUEST:
      reader.end()
      return { kind: 'ssl' }
    case GSSENC_REQUEST:
      reader.end()
      return { kind: 'gssenc' }
    case CANCEL_REQUEST:
      return decodeCancel(reader)
    default:
      return decodeStartup(code >>> 16, code & 0xffff, reader)
  }
}

/** Four bytes of key in protocol 3.0, up to 256 in 3.2. */
function decodeCancel(reader: BodyReader): FirstPacket {
  const processId = reader.int32()
  const secretKey = reader.rest()
  if (secretKey.length < 4 || secretKey.length > 256) throw new ProtocolError('malformed', `a cancel key is 4 to 256 bytes, not ${secretKey.length}`)
  return { kind: 'cancel', processId, secretKey }
}

function decodeStartup(major: number, minor: number, reader: BodyReader): FirstPacket {
  if (major !== 3) throw new ProtocolError('version', `protocol ${major}.${minor} is not spoken here; use a client that speaks 3.0 or newer`)
  const parameters = new Map<string, string>()
  for (let name = reader.string(); name !== ''; name = reader.string()) {
    // Two of a kind: the one that is judged might not be the one that the server takes.
    if (parameters.has(name)) throw new ProtocolError('malformed', `the startup packet has the parameter ${JSON.stringify(name)} twice`)
    parameters.set(name, reader.string())
  }
  reader.end()
  return { kind: 'startup', major, minor, parameters }
}

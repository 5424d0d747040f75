import { hash } from 'node:crypto'
import { decodeBase64 } from './base64.ts'
import { canonical, isCanonical, type JsonValue } from './canonical.ts'
import { LedgerError } from './error.ts'

/**
 * One record of one gateway. Its canonical JSON (RFC 8785) in UTF-8 is the entry: those bytes are stored, hashed and, in the
 * tree, the leaf. A field that is unknown here makes an entry unreadable: a new field is a new `v`.
 */
export interface Entry {
  readonly v: 1
  readonly gateway: string
  /** 1 for a gateway's first entry, then without gaps. */
  readonly seq: number
  /** The hash of the same gateway's previous entry; NO_PREVIOUS for the first. */
  readonly prev: string
  /** Unix milliseconds, never less than the previous entry's. */
  readonly at: number
  readonly type: string
  readonly body: Readonly<Record<string, JsonValue>>
  /** SHA-256 in hex over the sealed plain text, salt included; see seal.ts. */
  readonly commitment?: string
  readonly sealed?: Sealed
}

/** AES-256-GCM: `nonce` is 12 bytes, `data` the ciphertext followed by the 16-byte tag, both base64. `key` names the data key. */
export interface Sealed {
  readonly key: string
  readonly nonce: string
  readonly data: string
}

/** What the first entry of a gateway follows. */
export const NO_PREVIOUS = '0'.repeat(64)

/**
 * The entry's one and only form, without a line end: `canonical(entry)`, whose members are known here, so that their names
 * need no sorting and no quoting. Throws LedgerError `not-json` or `too-deep`.
 */
export function encodeEntry(entry: Entry): string {
  return encodeAround(canonical(entry.body, 1), entry)
}

/** The same for a body that is in canonical form already: what is written for every statement is not taken apart again. */
export function encodeAround(body: string, { v, gateway, seq, prev, at, type, commitment, sealed }: Omit<Entry, 'body'>): string {
  const before = `{"at":${canonical(at)},"body":${body}`
  const secret = commitment === undefined ? '' : `,"commitment":${canonical(commitment)}`
  const hidden = sealed === undefined ? '' : `,"sealed":${encodeSealed(sealed)}`
  return `${before}${secret},"gateway":${canonical(gateway)},"prev":${canonical(prev)}${hidden},"seq":${canonical(seq)},"type":${canonical(type)},"v":${v}}`
}

/** A sealed part in canonical form. */
export const encodeSealed = ({ key, nonce, data }: Sealed) => `{"data":${canonical(data)},"key":${canonical(key)},"nonce":${canonical(nonce)}}`

/** RFC 6962 section 2.1: the Merkle leaf hash, SHA-256(0x00 || bytes), in hex, so that the tree takes entries as they are. */
export function hashEntry(line: string): string {
  return hash('sha256', `\0${line}`, 'hex')
}

/** The same of bytes that have the zero before them already. */
export const hashLeaf = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex')

/**
 * Reads one line that anybody may have written. Throws LedgerError: `unreadable` when it is no entry of a known version,
 * `not-canonical` when the same entry is written in another form.
 */
export function parseEntry(line: string): Entry {
  const entry = readEntry(line)
  if (!isCanonical(entry, line)) throw new LedgerError('not-canonical', 'not in canonical form (RFC 8785)')
  return entry
}

/** The same for who proves nothing by it, in whatever form the line is. Throws LedgerError `unreadable`. */
export function readEntry(line: string): Entry {
  const value = parseJson(line)
  if (!isEntry(value)) throw new LedgerError('unreadable', 'not an entry of version 1')
  return value
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw new LedgerError('unreadable', 'not JSON', { cause })
  }
}

const FIELDS = new Set(['v', 'gateway', 'seq', 'prev', 'at', 'type', 'body', 'commitment', 'sealed'])
const HASH = /^[0-9a-f]{64}$/

function isEntry(value: unknown): value is Entry {
  if (!isRecord(value) || Object.keys(value).some((key) => !FIELDS.has(key))) return false
  const { v, gateway, seq, prev, at, type, body, commitment, sealed } = value
  if (v !== 1 || typeof gateway !== 'string' || typeof type !== 'string' || !isRecord(body)) return false
  if (!isCount(seq) || seq < 1 || !isCount(at) || !isHash(prev)) return false
  return sealed === undefined ? commitment === undefined : isHash(commitment) && isSealed(sealed)
}

/** True for what has the form of a sealed part. */
export function isSealed(value: unknown): value is Sealed {
  if (!isRecord(value) || Object.keys(value).length !== 3) return false
  return typeof value['key'] === 'string' && isBase64(value['nonce']) && isBase64(value['data'])
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
const isHash = (value: unknown): value is string => typeof value === 'string' && HASH.test(value)
/** Decoding takes a tenth of the time of a regular expression, for which each of some thousand characters is a step. */
const isBase64 = (value: unknown): value is string => typeof value === 'string' && decodeBase64(value) !== null

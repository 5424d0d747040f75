import { decodeBase64, encodeBase64 } from './base64.ts'
import type { JsonValue } from './canonical.ts'
import { LedgerError } from './error.ts'
import { type Hash, isSize } from './merkle.ts'
import { type Disclosed, isDisclosed } from './seal.ts'
import type { Inclusion } from './proof.ts'

export const RECEIPT_FORMAT = 'countersign/receipt/v1'

/** An entry, where it is in the tree, and the proof that it is there. Hashes are base64. */
export interface ProvenEntry {
  readonly index: number
  /** The very bytes that were hashed. */
  readonly line: string
  readonly proof: readonly string[]
}

/** One of an entry's secrets with its salt: `event` says of which of its events, 0 where it carries but one. */
export interface Opened extends Disclosed {
  readonly event: number
}

/** An entry of the request. What is not opened in it is nobody's business here, or was sealed by another gateway. */
export interface ReceiptEntry extends ProvenEntry {
  readonly opened: readonly Opened[]
}

/** An entry about keys. One that vouches for another gateway stands under a checkpoint of its own, of a key that counted by then. */
export interface KeyEntry extends ProvenEntry {
  readonly checkpoint?: string
}

/** All that is needed to check what became of one request, without the gateway and without the rest of its ledger. */
export interface Receipt {
  readonly format: typeof RECEIPT_FORMAT
  readonly request: string
  /** For whoever reads it; verifying makes it again from the entries and compares. */
  readonly story: { readonly [key: string]: JsonValue }
  /** The policies by which it was judged. Null when their text was not kept. */
  readonly policy: { readonly version: string; readonly files: readonly PolicyText[] } | null
  readonly entries: readonly ReceiptEntry[]
  readonly keys: readonly KeyEntry[]
  /** The entries about the passkeys that reviewers signed with; absent where nobody did. */
  readonly passkeys?: readonly ProvenEntry[]
  /** The signed note under which all `entries` are proven. */
  readonly checkpoint: string
}

export interface PolicyText {
  readonly name: string
  readonly text: string
}

/** More than any request leaves behind; whoever writes a file must not decide how much memory its reader needs. */
export const MAX_RECEIPT_BYTES = 64 * 1024 * 1024

/** Reads what anybody may have written. Throws LedgerError `unreadable` and `too-long`. */
export function parseReceipt(source: Uint8Array): Receipt {
  if (source.length > MAX_RECEIPT_BYTES) throw new LedgerError('too-long', `a receipt of more than ${MAX_RECEIPT_BYTES} bytes`)
  const value = parseJson(source)
  if (isReceipt(value)) return value
  throw new LedgerError('unreadable', `not a receipt of the form ${RECEIPT_FORMAT}`)
}

function parseJson(source: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(source))
  } catch (cause) {
    throw new LedgerError('unreadable', 'not JSON', { cause })
  }
}

/** An entry's inclusion in a tree of this size. Throws LedgerError `unreadable`. */
export function inclusionOf({ index, proof }: ProvenEntry, size: number): Inclusion {
  return { index, size, proof: proof.map(hashOf) }
}

export const encodeProof = (proof: readonly Hash[]): readonly string[] => proof.map(encodeBase64)

function hashOf(text: string): Hash {
  const hash = decodeBase64(text)
  if (!hash) throw new LedgerError('unreadable', 'a hash that is not base64')
  return hash
}

function isReceipt(value: unknown): value is Receipt {
  if (!isRecord(value)) return false
  const { format, request, story, policy, entries, keys, passkeys = [], checkpoint } = value
  if (format !== RECEIPT_FORMAT || typeof request !== 'string' || !isRecord(story) || typeof checkpoint !== 'string') return false
  return (policy === null || isPolicy(policy)) && isListOf(entries, isReceiptEntry) && isListOf(keys, isKeyEntry) && isListOf(passkeys, isProven)
}

const isPolicy = (value: unknown) => isRecord(value) && typeof value['version'] === 'string' && isListOf(value['files'], isPolicyText)
const isPolicyText = (value: unknown) => isRecord(value) && typeof value['name'] === 'string' && typeof value['text'] === 'string'
const isReceiptEntry = (value: unknown) => isProven(value) && isListOf(value['opened'], isOpened)
const isKeyEntry = (value: unknown) => isProven(value) && (value['checkpoint'] === undefined || typeof value['checkpoint'] === 'string')

function isOpened(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { event, ...disclosed } = value
  return isSize(event) && isDisclosed(disclosed)
}

function isProven(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && isSize(value['index']) && typeof value['line'] === 'string' && isListOf(value['proof'], (hash) => typeof hash === 'string')
}

const isListOf = (value: unknown, is: (one: unknown) => boolean): boolean => Array.isArray(value) && value.every(is)
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

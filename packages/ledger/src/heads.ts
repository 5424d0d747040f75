import { decodeBase64 } from './base64.ts'
import { LedgerError } from './error.ts'
import type { SignedHead } from './gateway-key.ts'

const FIELDS = ['gateway', 'seq', 'hash', 'key', 'signature'] as const
const HASH = /^[0-9a-f]{64}$/

/** Where a static log has what its gateways' keys say of their chains. */
export const HEADS_PATH = 'signed-heads'

/** Heads as they stand in that file: one JSON object a line, in any order. No file is no heads. Throws LedgerError `unreadable`. */
export function parseHeads(bytes: Uint8Array | null): readonly SignedHead[] {
  const lines = bytes ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8').split('\n') : []
  return lines.filter((line) => line !== '').map(parseHead)
}

export const formatHeads = (heads: readonly SignedHead[]): string => heads.map((head) => `${JSON.stringify(head, [...FIELDS])}\n`).join('')

function parseHead(line: string, at: number): SignedHead {
  const head = isJson(line)
  if (!isHead(head)) throw new LedgerError('unreadable', `line ${at + 1} is no signed head`)
  return head
}

function isJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

/** True for a head whose fields are of the right form; who signed it, and whether he did, is another question. */
export function isHead(value: unknown): value is SignedHead {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== FIELDS.length) return false
  const { gateway, seq, hash, key, signature } = value as Readonly<Record<string, unknown>>
  if (typeof gateway !== 'string' || !Number.isSafeInteger(seq) || typeof hash !== 'string' || !HASH.test(hash)) return false
  return [key, signature].every((text) => typeof text === 'string' && decodeBase64(text) !== null)
}

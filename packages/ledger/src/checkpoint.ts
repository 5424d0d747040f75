import { decodeBase64, encodeBase64 } from './base64.ts'
import { LedgerError } from './error.ts'
import { type Hash, HASH_BYTES, isSize } from './merkle.ts'

/** The head of a tree, which its log signs: the text of a note, C2SP tlog-checkpoint. */
export interface Checkpoint {
  /** Which log, and the name of its keys. */
  readonly origin: string
  readonly size: number
  readonly root: Hash
  /** Further lines: signed, and said by the log alone. */
  readonly extensions: readonly string[]
}

const NUMBER = /^(?:0|[1-9]\d{0,15})$/

/** The text to sign. Throws LedgerError `unreadable` for what would not read back as this checkpoint. */
export function formatCheckpoint({ origin, size, root, extensions }: Checkpoint): string {
  const lines = [origin, String(size), encodeBase64(root), ...extensions]
  if (lines.some((line) => line === '' || line.includes('\n')) || !isSize(size) || root.length !== HASH_BYTES) throw unreadable()
  return lines.map((line) => `${line}\n`).join('')
}

/** Reads the text of a note; `parseNote` has seen to UTF-8 and control characters. Throws LedgerError `unreadable`. */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n')
  const last = lines.pop()
  const [origin = '', size = '', encoded = '', ...extensions] = lines
  const root = decodeBase64(encoded)
  if (last !== '' || lines.includes('') || !NUMBER.test(size) || !isSize(Number(size)) || root?.length !== HASH_BYTES) throw unreadable()
  if (origin === '') throw unreadable()
  return { origin, size: Number(size), root, extensions }
}

const unreadable = () => new LedgerError('unreadable', 'a checkpoint is an origin, a size, a root hash in base64, and further lines, none of them empty')

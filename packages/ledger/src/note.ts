import { decodeBase64, encodeBase64 } from './base64.ts'
import { isSigned } from './ed25519.ts'
import { LedgerError } from './error.ts'
import { isKeyName, KeyType, type Signer, type VerifierKey, verifierKey } from './key.ts'

/** One line of a note: who signed, and the bytes that his kind of key makes of the text. Unknown ones are carried along. */
export interface Signature {
  readonly name: string
  readonly id: number
  readonly bytes: Uint8Array
}

/** C2SP signed-note. `text` ends with a newline. Nothing in it is to be believed before `verifyNote`. */
export interface Note {
  readonly text: string
  readonly signatures: readonly Signature[]
}

/** A key that signed, and for a witness's cosignature when, in Unix seconds. */
export interface Signed {
  readonly key: VerifierKey
  readonly time: number | null
}

/** A checkpoint with its signatures is well below 1 KiB; post-quantum signatures of sixteen witnesses are some 80. */
export const MAX_NOTE_BYTES = 1024 * 1024
const MAX_SIGNATURES = 100
const ID_BYTES = 4
const TIME_BYTES = 8

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function formatNote({ text, signatures }: Note): string {
  return `${text}\n${signatures.map(formatSignature).join('')}`
}

/** A signature's line in a note, its newline included. */
export function formatSignature({ name, id, bytes }: Signature): string {
  const idBytes = Buffer.alloc(ID_BYTES)
  idBytes.writeUInt32BE(id)
  return `— ${name} ${encodeBase64(Buffer.concat([idBytes, bytes]))}\n`
}

/** Reads what anybody may have written. Throws LedgerError `too-long` and `unreadable`. */
export function parseNote(source: Uint8Array | string): Note {
  const note = readText(source)
  const end = note.lastIndexOf('\n\n')
  // The blank line belongs to neither: the text keeps its own newline.
  const lines = note.slice(end + 2).split('\n')
  if (end === -1 || lines.pop() !== '' || lines.length === 0) throw unreadable('a note ends in a blank line and lines with signatures')
  if (lines.length > MAX_SIGNATURES) throw new LedgerError('too-long', `a note with more than ${MAX_SIGNATURES} signatures`)
  return { text: note.slice(0, end + 1), signatures: lines.map(parseSignature) }
}

function readText(source: Uint8Array | string): string {
  if (source.length > MAX_NOTE_BYTES) throw new LedgerError('too-long', `a note of more than ${MAX_NOTE_BYTES} bytes`)
  const note = typeof source === 'string' ? source : decode(source)
  if (!note.isWellFormed() || hasControls(note)) throw unreadable('a note is UTF-8 without control characters')
  return note
}

/** A newline is the one control character of ASCII that a note may have. */
function hasControls(note: string): boolean {
  for (let at = 0; at < note.length; at++) if (note.charCodeAt(at) < 0x20 && note[at] !== '\n') return true
  return false
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new LedgerError('unreadable', 'a note is UTF-8 without control characters', { cause })
  }
}

function parseSignature(line: string): Signature {
  const [dash, name = '', encoded = '', ...rest] = line.split(' ')
  const bytes = decodeBase64(encoded)
  if (dash !== '—' || rest.length > 0 || !isKeyName(name) || bytes === null || bytes.length <= ID_BYTES)
    throw unreadable('the line of a signature reads: em dash, name, base64 of the key id and the signature')
  return { name, id: Buffer.from(bytes.subarray(0, ID_BYTES)).readUInt32BE(), bytes: bytes.subarray(ID_BYTES) }
}

const unreadable = (message: string) => new LedgerError('unreadable', message)

/** The signature of a note's text by its owner. */
export function signNote(text: string, name: string, signer: Signer): Signature {
  const { id } = verifierKey(name, signer.publicKey)
  return { name, id, bytes: signer.sign(Buffer.from(text)) }
}

/** A witness's signature of a checkpoint that it saw at `time`, in Unix seconds: C2SP tlog-cosignature, `cosignature/v1`. */
export function cosign(text: string, name: string, signer: Signer, time: number): Signature {
  const { id } = verifierKey(name, signer.publicKey, KeyType.cosignature)
  const timeBytes = Buffer.alloc(TIME_BYTES)
  timeBytes.writeBigUInt64BE(BigInt(time))
  return { name, id, bytes: Buffer.concat([timeBytes, signer.sign(cosigned(text, time))]) }
}

const cosigned = (text: string, time: number): Uint8Array => Buffer.from(`cosignature/v1\ntime ${time}\n${text}`)

/**
 * Who of `keys` signed the note, in the order of the signatures, each once; signatures of others are no one's concern. Throws
 * LedgerError `bad-signature` when one that claims to be of a known key is not, and `unsigned` when none is of a known key.
 */
export function verifyNote(note: Note, keys: readonly VerifierKey[]): readonly Signed[] {
  const signed = new Map<VerifierKey, Signed>()
  for (const signature of note.signatures) {
    const key = keys.find(({ name, id }) => name === signature.name && id === signature.id)
    if (!key || signed.has(key)) continue
    signed.set(key, { key, time: checked(note.text, signature, key) })
  }
  if (signed.size === 0)
    throw new LedgerError('unsigned', `signed by no key that is trusted here; signed by ${note.signatures.map(({ name }) => name).join(', ')}`)
  return [...signed.values()]
}

/** The time of a cosignature; null for a plain signature. */
function checked(text: string, { name, bytes }: Signature, { type, publicKey }: VerifierKey): number | null {
  const [time, message, signature] = type === KeyType.cosignature ? cosignature(text, bytes) : [null, Buffer.from(text), bytes]
  if (!isSigned(publicKey, message, signature)) throw new LedgerError('bad-signature', `the signature that says it is of ${name} is not`)
  return time
}

function cosignature(text: string, bytes: Uint8Array): [number, Uint8Array, Uint8Array] {
  const time = bytes.length < TIME_BYTES ? Number.NaN : Number(Buffer.from(bytes.subarray(0, TIME_BYTES)).readBigUInt64BE())
  // Beyond 2^53 the number is no longer the one that was signed.
  if (!Number.isSafeInteger(time)) throw new LedgerError('bad-signature', 'a cosignature without a time')
  return [time, cosigned(text, time), bytes.subarray(TIME_BYTES)]
}

import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createZstdCompress, createZstdDecompress } from 'node:zlib'
import { RecordingLine } from '@countersign/contract/schemas/recording'
import { splitLines } from '@countersign/ledger/lines'

/*
 * The file of a recording: its lines (RecordingLine of the contract) in UTF-8, compressed with zstd (RFC 8878), encrypted with age
 * (C2SP.org/age): a key per file, wrapped for an X25519 recipient. So `age -d -i KEY FILE | zstd -d` reads it.
 */

/** What names a file in the ledger: SHA-256 of it in hexadecimal, and its length. */
export interface Digest {
  readonly sha256: string
  readonly bytes: number
}

/** A recording is not what its digest says, does not open with the key, or is none. */
export class RecordingBroken extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RecordingBroken'
  }
}

/** Writes a file, which is on disk when it resolves. `lines` are whole lines with their line ends, in pieces of any size. */
export async function writeRecording(path: string, lines: Iterable<Uint8Array>, recipient: string): Promise<Digest> {
  const { Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  encrypter.addRecipient(recipient)
  const compressed = Readable.from(lines, { objectMode: false }).pipe(createZstdCompress())
  const encrypted = await encrypter.encrypt(Readable.toWeb(compressed) as ReadableStream<Uint8Array>)
  const digest = new Digesting()
  await pipeline(Readable.from(encrypted, { objectMode: false }), digest, createWriteStream(path, { mode: 0o600, flush: true }))
  return digest.digest()
}

/** Passes bytes on and knows their digest. */
export class Digesting extends Transform {
  readonly #hash = createHash('sha256')
  #bytes = 0

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    this.#hash.update(chunk)
    this.#bytes += chunk.length
    done(null, chunk)
  }

  /** Once, when everything has passed. */
  digest(): Digest {
    return { sha256: this.#hash.digest('hex'), bytes: this.#bytes }
  }
}

/** Reads a file to its end and says whether it is the one that was recorded. */
export async function isWhole(file: Readable, expected: Digest): Promise<boolean> {
  const digest = new Digesting()
  await pipeline(file, digest, async (rest) => {
    for await (const _ of rest);
  })
  const { sha256, bytes } = digest.digest()
  return sha256 === expected.sha256 && bytes === expected.bytes
}

/**
 * The lines of a file, as it is read. age authenticates each 64 KiB before it is shown, and that the file was not cut at its end;
 * whether it is the file that was recorded its digest says, so ask `isWhole` before anything is shown. Throws RecordingBroken.
 */
export async function* readRecording(file: Readable, identities: readonly string[]): AsyncGenerator<RecordingLine> {
  try {
    const { Decrypter } = await import('age-encryption')
    const decrypter = new Decrypter()
    for (const identity of identities) decrypter.addIdentity(identity)
    const compressed = await decrypter.decrypt(Readable.toWeb(file) as ReadableStream<Uint8Array>)
    const plain = createZstdDecompress()
    const piped = pipeline(Readable.from(compressed, { objectMode: false }), plain)
    piped.catch(() => undefined) // it is in `plain` too, whose reader is told
    for await (const line of splitLines(plain)) yield RecordingLine.parse(JSON.parse(Buffer.from(line).toString('utf8')))
    await piped
  } catch (cause) {
    throw new RecordingBroken(`this is no recording, or its key is another one: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  } finally {
    file.destroy()
  }
}

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { appendFileSync, closeSync, openSync, readSync, rmSync } from 'node:fs'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'

/** As much of a session as stays in memory; many sessions are open at once. */
const KEPT_BYTES = 16 * 1024
const NONCE_BYTES = 12
const TAG_BYTES = 16
const LENGTH_BYTES = 4

/**
 * The lines of a session that is not over: its newest in memory, the rest in a file. That is encrypted with a key which is nowhere but
 * in this process, so whatever a crash leaves of it says nothing; the session is then read from the journal again.
 */
export class Spool {
  readonly #path: string
  readonly #key = randomBytes(32)
  /** How many lines each piece has. */
  readonly #pieces: number[] = []
  #kept: Buffer[] = []
  #bytes = 0

  constructor(path: string) {
    this.#path = path
  }

  add(line: object): void {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
    this.#kept.push(bytes)
    this.#bytes += bytes.length
    if (this.#bytes > KEPT_BYTES) this.#putAway()
  }

  /** How many lines were added. */
  get size(): number {
    return this.#pieces.reduce((sum, lines) => sum + lines, this.#kept.length)
  }

  /** Everything that was added, in pieces. */
  *lines(): Generator<Buffer> {
    if (this.#pieces.length > 0) yield* this.#away(0)
    yield* this.#kept
  }

  /** The lines from `first` on, `most` at most, without their line ends. Pieces before them are passed over unopened. */
  part(first: number, most: number): string[] {
    let piece = 0
    let at = 0
    for (const lines of this.#pieces) {
      if (at + lines > first) break
      at += lines
      piece += 1
    }
    const found: string[] = []
    for (const line of this.#linesFrom(piece)) {
      if (found.length === most) break
      if (at >= first) found.push(line)
      at += 1
    }
    return found
  }

  *#linesFrom(piece: number): Generator<string> {
    if (piece < this.#pieces.length) for (const bytes of this.#away(piece)) yield* bytes.toString('utf8').trimEnd().split('\n')
    for (const line of this.#kept) yield line.toString('utf8').trimEnd()
  }

  /** The file is gone afterwards. */
  remove(): void {
    rmSync(this.#path, { force: true })
  }

  #putAway(): void {
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonceOf(this.#pieces.length))
    const sealed = Buffer.concat([cipher.update(zstdCompressSync(Buffer.concat(this.#kept))), cipher.final(), cipher.getAuthTag()])
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeUInt32BE(sealed.length)
    appendFileSync(this.#path, Buffer.concat([length, sealed]), { mode: 0o600 })
    this.#pieces.push(this.#kept.length)
    this.#kept = []
    this.#bytes = 0
  }

  /** The pieces from `first` on. */
  *#away(first: number): Generator<Buffer> {
    const file = openSync(this.#path, 'r')
    try {
      for (const piece of this.#pieces.keys()) {
        const sealed = read(file, read(file, LENGTH_BYTES).readUInt32BE())
        if (piece < first) continue
        const decipher = createDecipheriv('aes-256-gcm', this.#key, nonceOf(piece), { authTagLength: TAG_BYTES })
        decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
        yield zstdDecompressSync(Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]))
      }
    } finally {
      closeSync(file)
    }
  }
}

/** A key has one file, whose pieces are counted: none is used twice. */
function nonceOf(piece: number): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES)
  nonce.writeUInt32BE(piece, NONCE_BYTES - 4)
  return nonce
}

function read(file: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length;) {
    const got = readSync(file, bytes, at, length - at, null)
    if (got === 0) throw new Error('a session that is being recorded was cut while it was put away')
    at += got
  }
  return bytes
}

import { closeSync, constants, fdatasync, fstatSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import type { DataKey } from '@countersign/ledger/seal'
import { type Segment, segmentPath, syncDirectory } from './files.ts'
import { segmentKey } from './keys.ts'

const datasync = promisify(fdatasync)

/**
 * The end of the journal. `write` is synchronous: a write of one batch into the page cache takes some microseconds, and
 * handing it to the thread pool and back costs several times that on every statement (measured, see docs/ledger.md).
 */
export class SegmentWriter {
  readonly #directory: string
  readonly #limit: number
  #segment: Segment
  #key: DataKey
  #fd: number
  #size: number
  /** Full segments that are not known to be on disk yet; closed by the next sync, never while one may be using them. */
  #full: number[] = []

  /** `limit`: the size in bytes from which a segment is full. Opens the segment for appending, and makes it when it is new. */
  constructor(directory: string, segment: Segment, limit: number) {
    this.#directory = directory
    this.#limit = limit
    this.#segment = segment
    this.#key = segmentKey(directory, segment)
    this.#fd = open(directory, segment)
    this.#size = fstatSync(this.#fd).size
  }

  /** Seals the entries of the segment that the next write goes to. */
  get key(): DataKey {
    return this.#key
  }

  /** When it returns, the bytes survive the end of this process. Throws when not all of them were taken. */
  write(bytes: Uint8Array): void {
    const written = writeSync(this.#fd, bytes)
    if (written !== bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes were written; is the disk full?`)
    this.#size += written
    if (this.#size >= this.#limit) this.#turn()
  }

  /** Everything written before the call is on disk when this resolves. One at a time. */
  async sync(): Promise<void> {
    // Taken now: a segment that fills up meanwhile stays open until the next sync.
    const [full, current] = [this.#full, this.#fd]
    this.#full = []
    for (const fd of full) {
      await datasync(fd)
      closeSync(fd)
    }
    await datasync(current)
  }

  close(): void {
    for (const fd of [...this.#full, this.#fd]) closeSync(fd)
    this.#full = []
  }

  #turn(): void {
    this.#full.push(this.#fd)
    this.#segment = { ...this.#segment, number: this.#segment.number + 1 }
    this.#key = segmentKey(this.#directory, this.#segment)
    this.#fd = open(this.#directory, this.#segment)
    this.#size = 0
  }
}

function open(directory: string, segment: Segment): number {
  const path = segmentPath(directory, segment)
  const fd = openSync(path, constants.O_CREAT | constants.O_APPEND | constants.O_WRONLY, 0o600)
  syncDirectory(dirname(path))
  return fd
}

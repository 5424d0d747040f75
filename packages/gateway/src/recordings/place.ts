import { createReadStream, openAsBlob } from 'node:fs'
import { access, copyFile, mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { RecordingsConfig } from '../config/config.ts'
import { syncDirectory } from '../journal/files.ts'
import { Bucket } from '../net/s3.ts'
import type { Digest } from './container.ts'

/** Where the files of recordings are kept, by session. */
export interface Place {
  /** The file at `path` is kept when this resolves, in the place of another of this session; `path` may be gone. */
  put(session: string, path: string, digest: Digest): Promise<void>
  get(session: string): Promise<Readable>
  /** What is not there is removed. */
  remove(session: string): Promise<void>
}

export function openPlace({ place }: RecordingsConfig): Place {
  return 'directory' in place ? new Directory(place.directory) : new BucketPlace(new Bucket(place.s3))
}

/** A session's id names a file, and it is read back from a database. */
const SESSION = /^ses-[a-z0-9]{1,40}$/

export function fileOf(session: string): string {
  if (!SESSION.test(session)) throw new Error('this is no session’s id')
  return `${session}.age`
}

/** Each file is whole or not there, and on disk. */
class Directory implements Place {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async put(session: string, path: string): Promise<void> {
    const to = join(this.#folder, fileOf(session))
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await copyFile(path, `${to}.new`) // it may be another file system
    await using file = await open(`${to}.new`, 'r+')
    await file.sync()
    await rename(`${to}.new`, to)
    syncDirectory(this.#folder)
  }

  async get(session: string): Promise<Readable> {
    const path = join(this.#folder, fileOf(session))
    await access(path)
    return createReadStream(path)
  }

  async remove(session: string): Promise<void> {
    await rm(join(this.#folder, fileOf(session)), { force: true })
    syncDirectory(this.#folder)
  }
}

class BucketPlace implements Place {
  readonly #bucket: Bucket

  constructor(bucket: Bucket) {
    this.#bucket = bucket
  }

  async put(session: string, path: string, { sha256 }: Digest): Promise<void> {
    await this.#bucket.put(fileOf(session), await openAsBlob(path), sha256)
  }

  get(session: string): Promise<Readable> {
    return this.#bucket.get(fileOf(session))
  }

  async remove(session: string): Promise<void> {
    await this.#bucket.remove(fileOf(session))
  }
}

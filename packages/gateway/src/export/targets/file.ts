import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncDirectory } from '../../journal/files.ts'
import { type Batch, reasonOf, type Target, TargetError } from './target.ts'

const NEWLINE = 0x0a
/** How much is read at once when the last line end is looked for. */
const CHUNK = 64 * 1024

/**
 * A file that is only appended to, one record a line, on disk before the batch counts as delivered. It is opened for each batch, so that it may be
 * renamed away (logrotate). A line that a crash cut off is removed before the next, because that record comes again.
 */
export class FileTarget implements Target {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async deliver({ records }: Batch): Promise<void> {
    try {
      await this.#append(records.map(({ text }) => `${text}\n`).join(''))
    } catch (error) {
      throw new TargetError(`${this.#path} cannot be written: ${reasonOf(error)}`, { cause: error })
    }
  }

  async #append(text: string): Promise<void> {
    const file = await open(this.#path, 'a+', 0o600)
    try {
      const stat = await file.stat()
      if (!stat.isFile()) throw new Error('it is no file')
      await cutTorn(file, stat.size)
      await file.appendFile(text)
      await file.datasync()
      if (stat.size === 0) syncDirectory(dirname(this.#path)) // its name is new, or may be
    } finally {
      await file.close()
    }
  }
}

/** Leaves the file as long as its last whole line. */
async function cutTorn(file: FileHandle, size: number): Promise<void> {
  const buffer = Buffer.alloc(CHUNK)
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - CHUNK)
    const { bytesRead } = await file.read(buffer, 0, end - start, start)
    const last = buffer.lastIndexOf(NEWLINE, bytesRead - 1)
    if (last >= 0 && bytesRead === end - start) {
      if (start + last + 1 < size) await file.truncate(start + last + 1)
      return
    }
    end = start
  }
  if (size > 0) await file.truncate(0)
}

import { open } from 'node:fs/promises'
import { parseCheckpoint } from '@countersign/ledger/checkpoint'
import { isSameHash } from '@countersign/ledger/merkle'
import { parseNote, type Signature } from '@countersign/ledger/note'
import { z } from 'zod'
import { reasonOf, type Shown, type Witness, WitnessError } from './witness.ts'

/** Its last line is not longer; a checkpoint is below 1 KiB. */
const TAIL_BYTES = 64 * 1024

const lineShape = z.strictObject({ note: z.string() })

/**
 * A file elsewhere, best one that can only be appended to (`chattr +a`, another host's mount): one checkpoint a line, `{"note": …}`. The last one in it
 * must be of this tree's past, whoever wrote it.
 */
export class FileWitness implements Witness {
  readonly name: string
  readonly #path: string

  constructor(path: string) {
    this.name = `file ${path}`
    this.#path = path
  }

  async see(shown: Shown): Promise<readonly Signature[]> {
    try {
      await using file = await open(this.#path, 'a+', 0o600)
      const last = await lastIn(file)
      if (last && !(await continues(last, shown)))
        throw new WitnessError(`${this.#path} ends with a checkpoint of another history of ${last.origin}`, { disagrees: true })
      if (last?.size === shown.size) return []
      await file.appendFile(`${JSON.stringify({ note: shown.text })}\n`)
      await file.sync()
      return []
    } catch (error) {
      throw error instanceof WitnessError ? error : new WitnessError(`${this.#path} cannot be written: ${reasonOf(error)}`, { cause: error })
    }
  }
}

async function lastIn(file: Awaited<ReturnType<typeof open>>) {
  const { size } = await file.stat()
  if (size === 0) return null
  const start = Math.max(0, size - TAIL_BYTES)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, TAIL_BYTES)), 0, Math.min(size, TAIL_BYTES), start)
  const line = buffer.subarray(0, bytesRead).toString().trimEnd().split('\n').at(-1) ?? ''
  return parseCheckpoint(parseNote(lineShape.parse(JSON.parse(line)).note).text)
}

async function continues(last: NonNullable<Awaited<ReturnType<typeof lastIn>>>, shown: Shown): Promise<boolean> {
  return last.origin === shown.origin && last.size <= shown.size && isSameHash(last.root, await shown.rootAt(last.size))
}

import { hash } from 'node:crypto'
import { parseCheckpoint } from '@countersign/ledger/checkpoint'
import { isSameHash } from '@countersign/ledger/merkle'
import { parseNote, type Signature } from '@countersign/ledger/note'
import type { S3Bucket } from '../config/config.ts'
import { Bucket, S3Error } from '../net/s3.ts'
import { ANSWER_MS, reasonOf, type Shown, type Witness, WitnessError } from './witness.ts'

/** As many digits as the largest size has, so that names sort as sizes do. */
const DIGITS = 16
/** A checkpoint is below 1 KiB; what is longer is none. */
const LONGEST = 64 * 1024

/**
 * A bucket with object lock: each checkpoint is an object of its own, `tree-…/<size>`, that nobody can change or delete for as long as it is retained
 * (mode COMPLIANCE: the account's owner neither). A bucket without object lock refuses it, and so does this witness.
 */
export class S3Witness implements Witness {
  readonly name: string
  readonly #bucket: Bucket
  readonly #retainMs: number

  constructor(bucket: S3Bucket, retainMs: number) {
    this.name = `s3 ${bucket.bucket}/${bucket.prefix}`
    this.#bucket = new Bucket(bucket)
    this.#retainMs = retainMs
  }

  async see(shown: Shown, _before: number, signal: AbortSignal): Promise<readonly Signature[]> {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
    try {
      const kept = await this.#kept(nameOf(shown), patience)
      if (kept === null) await this.#keep(shown, patience)
      else if (!isSameHash(parseCheckpoint(parseNote(kept).text).root, shown.root))
        throw new WitnessError(`${this.name} keeps another tree of ${shown.size} entries: the tree here is not the one that it saw`, { disagrees: true })
      return []
    } catch (error) {
      if (error instanceof WitnessError) throw error
      throw new WitnessError(error instanceof S3Error ? error.message : `${this.name}: ${reasonOf(error)}`, { cause: error })
    }
  }

  async #kept(name: string, signal: AbortSignal): Promise<string | null> {
    try {
      let text = ''
      for await (const piece of await this.#bucket.get(name, signal)) {
        text += String(piece)
        if (text.length > LONGEST) throw new WitnessError(`${this.name} keeps something in ${name} that is no checkpoint`, { disagrees: true })
      }
      return text
    } catch (error) {
      if (error instanceof S3Error && error.code === 'NoSuchKey') return null
      throw error
    }
  }

  async #keep(shown: Shown, signal: AbortSignal): Promise<void> {
    const headers = {
      'content-type': 'text/plain; charset=utf-8',
      'if-none-match': '*',
      'x-amz-object-lock-mode': 'COMPLIANCE',
      'x-amz-object-lock-retain-until-date': new Date(Date.now() + this.#retainMs).toISOString(),
    }
    await this.#bucket.put(nameOf(shown), new Blob([shown.text]), hash('sha256', shown.text), headers, signal)
  }
}

const nameOf = ({ origin, size }: Shown) => `${origin.slice(origin.indexOf('/') + 1)}/${String(size).padStart(DIGITS, '0')}`

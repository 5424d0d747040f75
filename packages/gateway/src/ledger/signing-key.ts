import type { KeyObject } from 'node:crypto'
import { type Signer, signerOf } from './signer.ts'

/** The key that a gateway signs with now, shared by all its parts that sign. */
export class SigningKey implements Signer {
  #key: KeyObject
  #signer: Signer
  readonly #uses = new Set<Promise<unknown>>()
  #change: Promise<void> | null = null

  constructor(key: KeyObject) {
    this.#key = key
    this.#signer = signerOf(key)
  }

  get publicKey(): Uint8Array {
    return this.#signer.publicKey
  }

  sign(bytes: Uint8Array): Uint8Array {
    return this.#signer.sign(bytes)
  }

  /** Runs what takes its time with the key, which stays in force until that is done. */
  async use<T>(work: (key: KeyObject) => Promise<T>): Promise<T> {
    while (this.#change) await this.#change
    const use = work(this.#key)
    this.#uses.add(use)
    return use.finally(() => this.#uses.delete(use))
  }

  /** Puts in force what `work` makes, while nobody uses the one before; who begins meanwhile waits. One at a time. */
  async change(work: () => Promise<KeyObject>): Promise<void> {
    while (this.#change) await this.#change
    const done = Promise.withResolvers<void>()
    this.#change = done.promise
    try {
      await Promise.allSettled(this.#uses)
      this.#key = await work()
      this.#signer = signerOf(this.#key)
    } finally {
      this.#change = null
      done.resolve()
    }
  }
}

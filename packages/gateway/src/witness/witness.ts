import type { Checkpoint } from '@countersign/ledger/checkpoint'
import type { Note, Signature } from '@countersign/ledger/note'
import type { Consistency } from '@countersign/ledger/proof'
import type { Hash } from '@countersign/ledger/merkle'

/** A checkpoint that a witness is to see. */
export interface Shown extends Checkpoint {
  /** As it was signed, without cosignatures. */
  readonly note: Note
  /** Its whole text. */
  readonly text: string
  /** That it is the tree of `before` entries with others added. Rejects when the store does not have the tiles for that. */
  proof(before: number): Promise<Consistency>
  /** The root of the first `size` entries. */
  rootAt(size: number): Promise<Hash>
}

/**
 * Somebody outside who does not forget. `see` resolves when the witness has the checkpoint for good, to its cosignatures where it makes
 * any; rejects with WitnessError otherwise, and is called again, with a newer one when there is one by then.
 */
export interface Witness {
  /** What it is, and where: no secret is in it. */
  readonly name: string
  /** `before`: the size that it was last known to hold. */
  see(shown: Shown, before: number, signal: AbortSignal): Promise<readonly Signature[]>
}

/** `disagrees`: it holds another history of this tree, which is what witnesses are for. */
export class WitnessError extends Error {
  readonly disagrees: boolean

  constructor(message: string, options: ErrorOptions & { readonly disagrees?: boolean } = {}) {
    super(message, options)
    this.name = 'WitnessError'
    this.disagrees = options.disagrees ?? false
  }
}

/** A witness that says nothing for so long is tried again. */
export const ANSWER_MS = 10_000

/** `fetch` hides the system's own words in `cause`. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}

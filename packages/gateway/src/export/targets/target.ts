import type { ExportRecord } from '../record.ts'

/** Records of the leaves from `from` to before `to`, in order. */
export interface Batch {
  /** The same whenever the same leaves are delivered again; no dot in it. */
  readonly id: string
  readonly from: number
  readonly to: number
  readonly records: readonly ExportRecord[]
}

/** Where an export goes. */
export interface Target {
  /**
   * Resolves when all of them have been taken and will not be lost there, as far as the target can say so. Rejects with TargetError: then some of
   * them may have been taken, and all are delivered again. One at a time. `signal` ends the attempt.
   */
  deliver(batch: Batch, signal: AbortSignal): Promise<void>
}

/** A target did not take a batch. The message holds no secret and nothing of what was delivered. */
export class TargetError extends Error {
  /** Not to be tried again before this many milliseconds, where the target said so. */
  readonly notBefore: number | null

  constructor(message: string, { notBefore = null, ...options }: ErrorOptions & { readonly notBefore?: number | null } = {}) {
    super(message, options)
    this.name = 'TargetError'
    this.notBefore = notBefore
  }
}

/** Longer than this no target may take for one batch. */
export const ANSWER_MS = 20_000

/** The system's own words, or its code where there are none. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message || ('code' in error ? String(error.code) : error.name)
}

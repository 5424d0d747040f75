import type { Problem } from './schemas/problem.ts'

/** `refused`: the gateway said no, see `problem`. `unexpected-answer`: it is no gateway, or another version. */
export type ClientErrorCode = 'refused' | 'unreachable' | 'unexpected-answer' | 'usage'

/** A call failed. `message` is for people; it may quote the gateway, so print it through `visible`. */
export class ClientError extends Error {
  readonly code: ClientErrorCode
  /** What the gateway said, when it said something. */
  readonly problem: Problem | null
  /** The HTTP status of a refusal. */
  readonly status: number | null

  constructor(code: ClientErrorCode, message: string, options: ErrorOptions & { readonly problem?: Problem; readonly status?: number } = {}) {
    super(message, options)
    this.name = 'ClientError'
    this.code = code
    this.problem = options.problem ?? null
    this.status = options.status ?? null
  }
}

/** Why something is not an entry, not canonical JSON, or cannot be opened. */
export type LedgerCode =
  | 'not-json' // a value that JSON cannot carry: undefined, NaN, a lone surrogate, a class instance
  | 'too-deep'
  | 'too-long'
  | 'unreadable' // bytes that are no entry of a version known here
  | 'not-canonical'
  | 'not-sealed'
  | 'wrong-key'
  | 'commitment-mismatch'
  | 'out-of-range' // a tree has no such entry
  | 'unsigned' // by no key that is trusted
  | 'bad-signature' // that names a trusted key, and is not its

/** The one error of this package. `message` is for people and never quotes what was sealed. */
export class LedgerError extends Error {
  readonly code: LedgerCode

  constructor(code: LedgerCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'LedgerError'
    this.code = code
  }
}

/**
 * An entry that the ledger is owed: it is in the store with the change that it tells of, until it is in the journal of the gateway that made the change. Only
 * that gateway can read it, or could have written it.
 */
export interface OwedRecord {
  readonly id: string
  readonly gateway: string
  /** Whose personal data is in it; null where there is none. */
  readonly person: string | null
  /** That is not to be recorded any more. */
  readonly erased: boolean
  /** The event, base64. */
  readonly sealed: string
}

/** They are inserted by what makes the change. */
export interface OwedStore {
  /** In the order of their ids. */
  of(gateway: string): Promise<readonly OwedRecord[]>
  /** They are in the journal. */
  settle(ids: readonly string[]): Promise<void>
}

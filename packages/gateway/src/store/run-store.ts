/** Where the ledger tells of one run under a grant of `request`; one under the grants of several is there with each. */
export interface RunRecord {
  readonly request: string
  readonly run: string
  readonly gateway: string
  /** When it began, Unix milliseconds. */
  readonly at: number
  /** The entry of the gateway's chain that says so. */
  readonly started: number
  /** The latest that says what became of it; null while there is none. */
  readonly outcome: number | null
  /** Nothing more is to come of it. */
  readonly isOver: boolean
}

/** Found by request, so that nobody reads the ledger for it. It proves nothing: who writes to the database writes here too; a receipt proves. */
export interface RunStore {
  /** The newest first, `limit` at most; `count` is how many there are, counted up to `most`. */
  of(request: string, limit: number, most: number): Promise<{ readonly count: number; readonly latest: readonly RunRecord[] }>
  /** Tells every gateway's listeners that the ledger says something new of what runs under the grants of these requests: events `run` with a request's id. */
  announce(requests: readonly string[]): Promise<void>
}

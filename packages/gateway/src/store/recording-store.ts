/**
 * A session's recording, of which the ledger has the digest. `stored`: the file is in its place, and the ledger does not say so yet. `recorded`: it does.
 * `deleting`: the file goes, or went, and the ledger does not say so yet. `deleted`: it does.
 */
export interface RecordingRecord {
  readonly session: string
  readonly version: number
  /** Who looks after it. */
  readonly gateway: string
  readonly user: string
  /** Its id: the user, or his agent. */
  readonly principal: string
  readonly resource: string
  readonly startedAt: number
  readonly endedAt: number
  readonly statements: number
  readonly failed: number
  readonly rows: number
  /** What the target answered with, in bytes. */
  readonly answered: number
  /** The file. */
  readonly sha256: string
  readonly bytes: number
  readonly stage: 'stored' | 'recorded' | 'deleting' | 'deleted'
  /** The entry that tells of the stage, or will, comes after this one of its gateway. */
  readonly afterSeq: number
  readonly deleted: { readonly at: number; readonly why: string } | null
}

export interface RecordingStore {
  /** False: there is one of this session already, which stays as it is. */
  insert(recording: RecordingRecord): Promise<boolean>
  get(session: string): Promise<RecordingRecord | null>
  /** Newest first, by the start of the session; those behind `after`. `from` and `until`: the session was there in between. */
  list(filter: {
    readonly stage?: RecordingRecord['stage']
    readonly gateway?: string
    readonly user?: string
    readonly principal?: string
    readonly resource?: string
    readonly from?: number
    readonly until?: number
    readonly endedBefore?: number
    readonly after?: { readonly startedAt: number; readonly session: string }
    readonly limit: number
  }): Promise<readonly RecordingRecord[]>
  /** Replaces version `next.version - 1`. False: somebody else was first, nothing changed. */
  save(next: RecordingRecord): Promise<boolean>
  /** From where a journal is to be read for sessions that are not recorded yet; null before anybody said. */
  place(gateway: string): Promise<number | null>
  setPlace(gateway: string, seq: number): Promise<void>
}

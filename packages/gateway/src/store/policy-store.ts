/** One file of policies. */
export interface PolicyText {
  readonly name: string
  readonly text: string
}

/** The policies that were in force, as they were written: entries name them by their version alone. */
export interface PolicyStore {
  /** One that is there already is left as it is. */
  keep(version: string, files: readonly PolicyText[]): Promise<void>
  get(version: string): Promise<readonly PolicyText[] | null>
}

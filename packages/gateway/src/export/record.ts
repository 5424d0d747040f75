import type { JsonValue } from '@countersign/ledger/canonical'
import type { Entry } from '@countersign/ledger/entry'
import type { LedgerEvent } from '@countersign/ledger/group'
import type { Leaf } from '../store/store.ts'

/** How loud it is, in the words of OCSF. */
export type Severity = 'informational' | 'low' | 'medium' | 'high'

/** What a target is given: one line of text. A reader that keeps the ids it has seen sees each once, however often it was delivered. */
export interface ExportRecord {
  /** The same whenever it is made again. */
  readonly id: string
  /** Unix milliseconds. */
  readonly at: number
  /** Of the entry: `session.started`. */
  readonly type: string
  readonly severity: Severity
  /** JSON, in which a control character, and so a line end, is escaped. */
  readonly text: string
}

/** An event of an entry with its secret, where the export may open it and its key is there. */
export interface ExportEvent extends LedgerEvent {
  readonly secret: Readonly<Record<string, JsonValue>> | null
}

/** A leaf of the tree, read. */
export interface ExportEntry {
  readonly leaf: Leaf
  readonly entry: Entry
  readonly events: readonly ExportEvent[]
}

/** A format. What is not in the entry itself it may ask the store for, so it rejects as that does. */
export interface Format {
  records(entry: ExportEntry): Promise<readonly ExportRecord[]>
}

/** The entry's own name: no gateway uses a number twice. */
export const entryId = ({ gateway, seq }: Pick<Entry, 'gateway' | 'seq'>): string => `${gateway}:${seq}`

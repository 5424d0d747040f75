import type { AccessRow, UnprovenRow } from '@countersign/contract/schemas/report'
import { fewAtATime } from '../export/few-at-a-time.ts'
import { readable } from '../export/pages.ts'
import type { TreeStore } from '../store/store.ts'
import { Evidence, type Period } from './collect.ts'

/** What the entries of a tree tell of a period. */
export interface Told {
  readonly origin: string
  /** Entries that were read, and the checkpoint that covers them: null where none was signed yet. */
  readonly size: number
  readonly checkpoint: string | null
  /** Entries that are gone, or that no gateway wrote. */
  readonly unreadable: number
  readonly access: readonly AccessRow[]
  readonly policies: readonly string[]
  readonly unproven: readonly UnprovenRow[]
}

/** Leaves that are read at once. */
const PAGE = 500

/**
 * Of the entries that the newest checkpoint covers: whoever has that checkpoint can tell whether they are the same. They are
 * read from the tree's beginning, because who approved what may stand long before the period; a page at a time, between whose parts others get their turn.
 */
export async function readEntries(tree: Pick<TreeStore, 'state' | 'checkpoint' | 'read'>, period: Period): Promise<Told> {
  const { origin, size: newest } = await tree.state()
  const checkpoint = await tree.checkpoint()
  const size = checkpoint?.size ?? newest
  const evidence = new Evidence(period)
  let unreadable = 0
  for (let index = 0; index < size; index += PAGE) {
    const wanted = Math.min(PAGE, size - index)
    unreadable += wanted
    for await (const leaf of fewAtATime(await tree.read(index, wanted))) {
      const entry = readable(leaf)
      if (!entry) continue
      evidence.add(entry)
      unreadable -= 1
    }
  }
  const [access, policies, unproven] = [evidence.access(), evidence.policies(), evidence.unproven()]
  return { origin, size, checkpoint: checkpoint?.note ?? null, unreadable, access, policies, unproven }
}

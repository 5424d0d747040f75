import type { ExportEntry } from '../export/record.ts'
import { readable } from '../export/pages.ts'
import type { TreeStore } from '../store/store.ts'

/** Leaves that are read at once: between them others have their turn. */
const READ = 200
const MOST = 50_000
const WITHIN_MS = 2_000

/**
 * Gives the entries since `from` (Unix milliseconds), the newest first, for as long as that takes no longer than a moment. Resolves to the time since which all
 * were given. Entries of gateways that were cut off come late into the tree, so one that is older than `from` ends nothing unless its whole stretch is.
 */
export async function readBack(tree: Pick<TreeStore, 'state' | 'read'>, from: number, give: (entry: ExportEntry) => void): Promise<number> {
  const { size } = await tree.state()
  const began = performance.now()
  let since = Infinity
  for (let end = size; end > 0;) {
    if (size - end >= MOST || performance.now() - began > WITHIN_MS) return Math.max(from, since)
    const start = Math.max(0, end - READ)
    const entries = (await tree.read(start, end - start)).flatMap((leaf) => readable(leaf) ?? [])
    for (const entry of entries) if (entry.entry.at >= from) give(entry)
    if (entries.length > 0) since = Math.max(...entries.map(({ entry }) => entry.at)) // what is not read yet is older than the newest of these
    if (entries.length > 0 && entries.every(({ entry }) => entry.at < from)) return from
    end = start
  }
  return from
}

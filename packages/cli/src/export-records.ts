import type { Client } from '@countersign/contract/client'
import type { ExportPage } from '@countersign/contract/schemas/ledger'
import type { Output } from './output.ts'
import { intoFile, type Sink } from './result-file.ts'
import { waiting } from './waiting.ts'

export interface RecordsWish {
  readonly format: 'jsonl' | 'ocsf'
  /** ISO 8601; `until` is not in it. */
  readonly from?: string | undefined
  readonly until?: string | undefined
  /** Standard output where none is said. */
  readonly output?: string | undefined
}

/** What was written, and how many leaves could not be read. `size` is the tree's when it began: what comes later is in the next one. */
export interface Exported {
  readonly records: number
  readonly size: number
  readonly missing: number
}

const SAY_EVERY_MS = 2_000

/** Writes the ledger in the tree's order, one record a line, in constant memory; how far it is stands on stderr. */
export async function exportRecords(client: Client, wish: RecordsWish): Promise<Exported> {
  const progress = waiting('reading the ledger')
  try {
    return await intoFile(wish.output, (sink) => copy(client, wish, sink, watching(progress)))
  } finally {
    progress.stop()
  }
}

async function copy(client: Client, { format, from, until }: RecordsWish, sink: Sink, say: (page: ExportPage) => void): Promise<Exported> {
  let [records, missing] = [0, 0]
  let size: number | null = null
  for (let index = 0; size === null || index < size;) {
    const page = await client.ledgerExport({ format, index, from, until })
    size ??= page.size
    if (page.records.length > 0) await sink.write(page.records.map((record) => `${record}\n`).join(''))
    records += page.records.length
    missing += page.missing
    if (page.next <= index) break
    index = page.next
    say(page)
  }
  return { records, size: size ?? 0, missing }
}

function watching(progress: ReturnType<typeof waiting>): (page: ExportPage) => void {
  let saidAt = performance.now()
  return ({ next, size }) => {
    if (performance.now() - saidAt < SAY_EVERY_MS) return
    saidAt = performance.now()
    progress.say(`${next} of ${size} entries read`)
  }
}

/** What a person is told on stderr, so that a pipe gets records alone. */
export function tellExported(out: Output, { records, size, missing }: Exported, output: string | undefined): void {
  out.note(`${records} records of ${size} entries${output === undefined ? '' : ` in ${output}`}`)
  if (missing > 0) out.note(`${missing} entries are not in the store as a gateway wrote them; \`countersign ledger verify\` names them`)
}

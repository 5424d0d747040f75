import { canonical } from '@countersign/ledger/canonical'
import { entryId, type ExportEntry, type ExportRecord, type Format } from './record.ts'
import { severityOf } from './ocsf/table.ts'

/**
 * One line an entry: the very bytes that were hashed, so that whoever has them can verify them. With texts that were opened it is
 * `{"entry": …, "texts": […]}` instead, in canonical form too: one text an event, null where there is none.
 */
export const jsonl: Format = {
  records(opened) {
    return Promise.resolve([recordOf(opened)])
  },
}

function recordOf({ leaf, entry, events }: ExportEntry): ExportRecord {
  const texts = events.map(({ secret }) => secret)
  return {
    id: entryId(entry),
    at: entry.at,
    type: entry.type,
    severity: severityOf(events),
    text: texts.every((text) => text === null) ? leaf.line : `{"entry":${leaf.line},"texts":${canonical(texts)}}`,
  }
}

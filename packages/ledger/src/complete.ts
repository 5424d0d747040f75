import { parseEntry } from './entry.ts'
import { eventsOf } from './group.ts'
import type { Opened, Receipt, ReceiptEntry } from './receipt.ts'
import { isCommitted } from './seal.ts'
import { verifyReceipt } from './verify-receipt.ts'

/**
 * A receipt with what another of the same request shows beside it. Each gateway opens what it sealed, so the receipts of all of them
 * together show everything. Whatever is not what its entry commits to, and whatever is of an entry that the first does not have, is left out. Throws
 * LedgerError `unreadable` for a line that is no entry; the result is verified as any other receipt is.
 */
export function completeReceipt(receipt: Receipt, other: Receipt): Receipt {
  const shown = new Map(other.entries.map(({ line, opened }) => [line, opened]))
  const entries = receipt.entries.map((entry) => ({ ...entry, opened: [...entry.opened, ...further(entry, shown.get(entry.line) ?? [])] }))
  const { story } = verifyReceipt({ ...receipt, entries })
  return { ...receipt, entries, story, policy: receipt.policy ?? other.policy }
}

function further({ line, opened }: ReceiptEntry, shown: readonly Opened[]): readonly Opened[] {
  const events = eventsOf(parseEntry(line))
  return shown.filter(({ event, salt, secret }) => {
    const { commitment } = events[event] ?? {}
    return commitment !== undefined && opened.every((one) => one.event !== event) && isCommitted({ salt, secret }, commitment)
  })
}

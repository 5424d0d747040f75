import type { Grant } from '@countersign/core/grant'
import type { Request } from '@countersign/core/request'
import { type Entry, parseEntry } from '@countersign/ledger/entry'
import { Belonging } from '@countersign/ledger/story'
import type { LedgerStore, StoredEntry } from '../store/store.ts'
import { WorkflowError } from '../workflow/workflow.ts'

/** An entry of a request, and which of its events are of it. */
export interface Found extends StoredEntry {
  readonly entry: Entry
  readonly events: readonly number[]
}

/** How much the clocks of gateways may differ, and how long a record may follow what it is of. */
const SLACK_MS = 60_000
const PAGE = 1_000
/** Of one chain. More is an export's work, and would keep the store from everybody else. */
const MAX_READ = 500_000

/**
 * The entries of a request in all chains, found by reading what was written while it and its grants lived: chains are in the order
 * of time, and entries are not indexed by what they are about. Throws WorkflowError `unavailable` when that is too much.
 */
export async function entriesOf(
  ledger: Pick<LedgerStore, 'heads' | 'read'>,
  request: Request,
  grants: readonly Grant[],
  now: number,
): Promise<readonly Found[]> {
  const from = request.createdAt - SLACK_MS
  const to = Math.max(request.decidedAt ?? now, ...grants.map(({ endedAt }) => endedAt ?? now)) + SLACK_MS
  const found: Found[] = []
  for (const { gateway, seq } of await ledger.heads()) {
    const first = await firstAt(ledger, gateway, seq, from)
    found.push(...(await readChain(ledger, { gateway, first, last: seq, to }, new Belonging(request.id))))
  }
  return found
}

/** The first entry of a chain that is not older than `from`. */
async function firstAt(ledger: Pick<LedgerStore, 'read'>, gateway: string, last: number, from: number): Promise<number> {
  let [low, high] = [1, last + 1]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const [entry] = await ledger.read(gateway, middle, 1)
    if (entry && parseEntry(entry.line).at < from) low = middle + 1
    else high = middle
  }
  return low
}

interface Stretch {
  readonly gateway: string
  readonly first: number
  readonly last: number
  /** Unix milliseconds. What still runs then is waited for. */
  readonly to: number
}

async function readChain(ledger: Pick<LedgerStore, 'read'>, { gateway, first, last, to }: Stretch, belonging: Belonging): Promise<readonly Found[]> {
  const found: Found[] = []
  for (let next = first; next <= last;) {
    if (next - first > MAX_READ)
      throw new WorkflowError('unavailable', `more than ${MAX_READ} entries were written while this request lived: export the ledger, and verify that`)
    const page = await ledger.read(gateway, next, PAGE)
    for (const stored of page) {
      const { line } = stored
      if (!belonging.names.some((name) => line.includes(name))) continue
      const entry = parseEntry(line)
      const events = belonging.read(entry)
      if (events.length > 0) found.push({ ...stored, entry, events })
    }
    const end = page.at(-1)
    if (!end || (parseEntry(end.line).at > to && !belonging.isRunning)) return found
    next = end.seq + 1
  }
  return found
}

import type { LedgerSoFar } from './ledger.ts'
import type { Known } from './load.ts'

/** What was seen in all rounds so far, so that a run which shows nothing is noticed. */
export interface Tally {
  kills: number
  acknowledged: number
  /** Approved writes that were cut off; of those, the ones that ran when they were sent again, and that were refused as used up. */
  open: number
  again: number
  refused: number
}

export const NO_TALLY: Tally = { kills: 0, acknowledged: 0, open: 0, again: 0, refused: 0 }

/**
 * Holds what clients know, what the target has (`rows`) and what the ledger says of one round against each other. Returns
 * what is missing, doubled or without a record.
 */
export function discrepancies({ acknowledged }: Pick<Known, 'acknowledged'>, rows: readonly number[], ledger: LedgerSoFar): readonly string[] {
  const there = new Set(rows)
  const outcomes = new Map<number, string>()
  const problems: string[] = []
  for (const [run, { numbers, results }] of ledger.runs) {
    for (const number of numbers) outcomes.set(number, results.join(' and '))
    if (results.length !== 1) problems.push(`run ${run} has ${results.length} outcomes`)
  }
  for (const number of there) {
    const outcome = outcomes.get(number) ?? 'done'
    if (outcome !== 'done' && outcome !== 'unknown') problems.push(`${number} ran, and the ledger says ${outcome}`)
  }
  if (there.size !== rows.length) problems.push(`${rows.length - there.size} rows are there twice`)
  for (const number of acknowledged) {
    const outcome = outcomes.get(number)
    if (!there.has(number)) problems.push(`${number} was acknowledged, and did not run`)
    if (outcome !== 'done' && outcome !== 'unknown') problems.push(`${number} was acknowledged, and the ledger says ${outcome ?? 'nothing'}`)
  }
  return [...problems, ...unrecorded(there, ledger), ...repeated(ledger)]
}

function unrecorded(there: ReadonlySet<number>, { started }: LedgerSoFar): readonly string[] {
  return [...there].filter((number) => !started.has(number)).map((number) => `${number} ran, and the ledger has no start of it`)
}

function repeated({ started, used }: LedgerSoFar): readonly string[] {
  const writes = [...started].filter(([, times]) => times > 1).map(([number, times]) => `${number} started ${times} times`)
  const approvals = [...used].filter(([, times]) => times > 1).map(([request, times]) => `${request} was good for one run, and ${times} are there`)
  return [...writes, ...approvals]
}

import type { OwnImpact } from '@countersign/contract/schemas/action'
import { visible } from '@countersign/contract/visible'

/** `3 rows when it was held`, or why that is not known. */
export function rowsInWords({ rows, estimate, because }: Pick<OwnImpact, 'rows' | 'estimate' | 'because'>): string {
  if (rows !== null) return `${rows === 1 ? '1 row' : `${rows} rows`} when it was held`
  return `rows not known, for ${visible(because ?? 'nobody looked')}${estimate === null ? '' : `; the planner expects about ${estimate}`}`
}

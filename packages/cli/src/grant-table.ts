import type { Grant } from '@countersign/contract/schemas/grant'
import { grantEnd } from './format.ts'
import type { Output } from './output.ts'

/** Grants, one a line; `empty` is said when there is none. */
export function grantTable(out: Output, grants: readonly Grant[], empty: string): void {
  const rows = grants.map((grant) => [grant.id, grant.subject.id, grant.resource, grant.covers, grant.approvers.join(', ') || 'policy', grantEnd(grant)])
  out.table(['GRANT', 'SUBJECT', 'RESOURCE', 'COVERS', 'APPROVED BY', 'ENDS'], rows, empty)
}

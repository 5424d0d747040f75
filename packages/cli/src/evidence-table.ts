import type { Report } from '@countersign/contract/schemas/report'

/** One table of the report: a heading, what it holds in a sentence, and its rows as text. */
export interface EvidenceTable {
  readonly id: 'access' | 'standing' | 'unproven'
  readonly title: string
  readonly says: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** What the report says, as the CSV and the HTML both have it. */
export function tablesOf({ access, standing, unproven }: Report): readonly EvidenceTable[] {
  return [
    {
      id: 'access',
      title: 'What was done',
      says: 'By person, resource and type of action. What was reviewed has a row for each request.',
      head: ['Person', 'Resource', 'Action', 'Outcome', 'First', 'Last', 'Count', 'Approved by', 'Policy', 'Receipt'],
      rows: access.map((row) => [
        row.person,
        row.resource,
        row.action,
        row.outcome,
        row.first,
        row.last,
        String(row.count),
        row.approvedBy.join(', '),
        row.policies.join(', '),
        row.request ?? `entry ${row.entry}`,
      ]),
    },
    {
      id: 'standing',
      title: 'Standing access that was not used',
      says: 'What the policies in force when this was made let each configured user do without a review, and what nobody did in that name in the period.',
      head: ['Person', 'Resource', 'Action', 'Policy'],
      rows: standing.map(({ person, resource, action, policies }) => [person, resource, action, policies.join(', ')]),
    },
    {
      id: 'unproven',
      title: 'Reviews by unproven tokens',
      says: 'Reviews with a token that the local administrator made, so that nobody proved whose it is.',
      head: ['At', 'Reviewer', 'Request', 'Verdict', 'Token', 'Receipt'],
      rows: unproven.map(({ at, reviewer, request, verdict, token, entry }) => [at, reviewer, request, verdict, token, `entry ${entry}`]),
    },
  ]
}

/** What ties the report to the ledger. */
export function aboutOf(report: Report): readonly (readonly [name: string, value: string])[] {
  return [
    ['Period', `${report.from} to before ${report.until}`],
    ['Made at', report.madeAt],
    ['Ledger', report.origin],
    ['Entries read', `${report.size}${report.checkpoint === null ? '' : ', as the checkpoint below vouches for them'}`],
    ...(report.unreadable === 0
      ? []
      : [['Entries missing', `${report.unreadable} are not in the store as a gateway wrote them: run countersign ledger verify`] as const]),
    ['Policies in the period', report.policies.join(', ') || 'none recorded'],
    ['Policies now', report.policyVersion],
    ['Checkpoint', report.checkpoint ?? 'none is signed yet: make the report again in a minute'],
  ]
}

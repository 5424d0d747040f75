import { setImmediate as turn } from 'node:timers/promises'
import { type Summary, summarise } from './describe.ts'
import type { PolicyEngine } from './engine.ts'

/** Person and resource, and what policy says to that. */
export interface AccessRow extends Summary {
  readonly user: string
  readonly groups: readonly string[]
  readonly resource: string
}

/** Rows of one answer: each is four questions to policy. */
const PAGE = 100
/** Policy may take a millisecond for each, and others wait meanwhile. */
const ASKED_AT_ONCE = 5

/** Who may do what, by person and resource: the rows from `start` on, and where the next ones begin. */
export async function accessOf(
  policy: PolicyEngine,
  users: readonly { readonly name: string; readonly groups: readonly string[] }[],
  resources: readonly string[],
  start: number,
): Promise<{ readonly rows: readonly AccessRow[]; readonly next: number | null }> {
  const all = users.length * resources.length
  const rows: AccessRow[] = []
  for (let at = start; at < Math.min(start + PAGE, all); at++) {
    const user = users[Math.floor(at / resources.length)]
    const resource = resources[at % resources.length]
    if (!user || resource === undefined) break
    const asker = { principal: { user: user.name, agent: null, groups: user.groups }, scope: null }
    rows.push({ user: user.name, groups: user.groups, resource, ...summarise(policy, asker, resource) })
    if (at % ASKED_AT_ONCE === 0) await turn()
  }
  return { rows, next: start + PAGE < all ? start + PAGE : null }
}

import { setImmediate as turn } from 'node:timers/promises'
import type { AccessRow, StandingRow } from '@countersign/contract/schemas/report'
import { type ActionType, NO_FACTS } from '@countersign/core/action'
import type { Config } from '../config/config.ts'
import type { User } from '../identity/caller.ts'
import type { PolicyEngine } from '../policy/engine.ts'

/** What is asked of each person and resource; `sql:session` comes with `connect`. */
const TYPES: readonly ActionType[] = ['connect', 'sql:read', 'sql:write', 'sql:ddl', 'sql:admin', 'sql:unknown']
/** Policy may take a millisecond for each, and others wait meanwhile. */
const ASKED_AT_ONCE = 20

/**
 * What the policies in force let each user do on each resource without a review, and what nobody did in that name in the period (the user's
 * agents count as the user). Judged as `resources` does: as a harmless statement that touches no row, so that a policy which looks at the statement is counted
 * for the mildest there is. Where connecting itself needs a review nothing stands.
 */
export async function unusedStanding(
  config: Pick<Config, 'resources'>,
  users: readonly User[],
  policy: PolicyEngine,
  access: readonly AccessRow[],
): Promise<readonly StandingRow[]> {
  const used = new Set(access.filter(({ outcome }) => outcome !== 'denied').map((row) => keyOf(row.person.replace(/\/.*$/, ''), row.resource, row.action)))
  const rows: StandingRow[] = []
  let asked = 0
  for (const { name: user, groups, active } of users) {
    if (!active) continue
    for (const resource of Object.keys(config.resources)) {
      const standing = standingOf({ user, agent: null, groups }, resource, policy)
      rows.push(...standing.filter(({ action }) => !used.has(keyOf(user, resource, action))))
      if (++asked % ASKED_AT_ONCE === 0) await turn()
    }
  }
  return rows
}

function standingOf(
  principal: { readonly user: string; readonly agent: null; readonly groups: readonly string[] },
  resource: string,
  policy: PolicyEngine,
): readonly StandingRow[] {
  const rows: StandingRow[] = []
  for (const type of TYPES) {
    const decision = policy.decide({ principal, scope: null, resource, type, facts: NO_FACTS })
    if (decision.effect === 'allow') rows.push({ person: principal.user, resource, action: type, policies: [...decision.policies] })
    else if (type === 'connect') return []
  }
  return rows
}

const keyOf = (...parts: readonly string[]) => parts.join('\0')

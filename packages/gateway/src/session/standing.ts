import { NO_FACTS } from '@countersign/core/action'
import { standsFor } from '@countersign/core/grant'
import { Cut } from '../adapters/adapter.ts'
import type { PolicyEngine } from '../policy/engine.ts'
import type { Context } from '../workflow/context.ts'
import type { Live, Registry } from './registry.ts'

/**
 * Judges live sessions again when what is known of their people has changed: with the groups that they are in now, and cut where they might not connect any
 * more. What runs then runs to its end, unless it is cut; the next action is judged in the new groups.
 */
export function keepStanding(context: Context, registry: Registry): () => void {
  return context.directory.onChange((name) => {
    for (const session of registry.sessionsOf(name)) judgeAgain(context, session)
  })
}

/** Also for a session that has only just been opened: its person may have changed meanwhile. */
export function judgeAgain({ directory, policy }: Pick<Context, 'directory' | 'policy'>, session: Live): void {
  const { principal, resource } = session.opened
  const user = directory.user(principal.user)
  if (!user) return session.cut(new Cut('person', `${principal.user} is disabled here, or unknown`))
  if (sameGroups(user.groups, principal.groups)) return undefined
  session.regroup(user.groups)
  if (resource.mode === 'observe' || mayStay(policy(), session)) return undefined
  return session.cut(new Cut('person', `${principal.user} is no longer in a group that may connect to ${resource.name}`))
}

/** Policy lets him connect by itself, or the grant that he was given stands for the review that it asks for. */
function mayStay(policy: PolicyEngine, { opened: { principal, scope, resource, grant } }: Live): boolean {
  const decision = policy.decide({ principal, scope, resource: resource.name, type: 'connect', facts: NO_FACTS })
  if (decision.effect !== 'review') return decision.effect === 'allow'
  return grant !== null && standsFor(grant, decision.need, decision.obligations)
}

const sameGroups = (one: readonly string[], other: readonly string[]) => one.length === other.length && one.every((group) => other.includes(group))

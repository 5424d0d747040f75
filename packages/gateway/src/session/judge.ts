import type { Statement } from '@countersign/core/action'
import { type Attempt, covers, type Grant, standsFor } from '@countersign/core/grant'
import type { Need } from '@countersign/core/need'
import { ceilingOf } from '@countersign/core/request'
import { type Decision, NO_OBLIGATIONS, type Obligations, strictest } from '@countersign/core/obligations'
import type { Asker, PolicyEngine } from '../policy/engine.ts'

/** What policy says of every statement of an action. */
export interface Judgement {
  readonly decision: Decision
  readonly each: readonly { readonly statement: Statement; readonly decision: Decision }[]
}

/** Policy's answer for a whole action: every statement of it is judged, and the strictest wins. */
export function judge(policy: PolicyEngine, { principal, scope }: Asker, resource: string, statements: readonly Statement[]): Judgement {
  const each = statements.map((statement) => ({
    statement,
    decision: policy.decide({ principal, scope, resource, type: statement.type, facts: statement.facts }),
  }))
  return { decision: each.length === 0 ? NOTHING_TO_JUDGE : strictest(each.map(({ decision }) => decision)), each }
}

/** An empty message runs nothing, so whoever may connect may send it. */
const NOTHING_TO_JUDGE: Decision = { effect: 'allow', policies: ['connect'], obligations: NO_OBLIGATIONS }

/**
 * The grants that together stand in for every review that these statements need, or null. A grant counts only where it
 * covers the statement and where the people who approved it satisfy that statement's own need. A counted use of a scope
 * or a shape is one statement; an exact approval is the whole action, and is used before any other, so that no more uses are taken than it takes.
 */
export function coveringGrants(judgement: Judgement, live: readonly Grant[], attempt: Attempt, now: number): readonly Grant[] | null {
  const chosen = new Set<Grant>()
  const inOrder = live.toSorted((one, other) => cost(one) - cost(other))
  for (const { statement, decision } of judgement.each) {
    if (decision.effect !== 'review') continue
    const grant = inOrder.find(
      (candidate) =>
        !isSpent(candidate, chosen) &&
        covers(candidate, attempt, statement, now) &&
        standsFor(candidate, ...wantedOf(judgement, candidate, decision)) &&
        (candidate.coverage.kind !== 'shape' || grantsShapes(decision)),
    )
    if (!grant) return null
    chosen.add(grant)
  }
  return [...chosen]
}

/** An approval of exactly this is for this; what is counted is spared where something else will do. */
const cost = ({ coverage, usesLeft }: Grant) => (coverage.kind === 'exact' ? 0 : usesLeft === null ? 1 : 2)

type Reviewed = Extract<Decision, { effect: 'review' }>

/** Policy may have come to grant less. */
const grantsShapes = ({ obligations }: Reviewed) => ceilingOf({ obligations }).kind !== 'once'

const isSpent = (grant: Grant, chosen: ReadonlySet<Grant>) => chosen.has(grant) && grant.usesLeft !== null && grant.coverage.kind !== 'exact'

/** An exact approval stands for the whole action at once, so its reviewers must satisfy the whole need, with the signatures that any part of it wants. */
function wantedOf({ decision: whole }: Judgement, grant: Grant, own: Reviewed): readonly [Need, Obligations] {
  const { need, obligations } = grant.coverage.kind === 'exact' && whole.effect === 'review' ? whole : own
  return [need, obligations]
}

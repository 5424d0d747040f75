import type { Action, SessionState } from '@countersign/core/action'
import type { Grant } from '@countersign/core/grant'
import type { Allowance, Attempted, Pipeline } from '../adapters/adapter.ts'
import type { JsonValue } from '../journal/journal.ts'
import type { Asker, PolicyEngine } from '../policy/engine.ts'
import { actionDigest } from '../workflow/digest.ts'
import { coveringGrants, judge, type Judgement } from './judge.ts'
import { secretOf } from './sealed.ts'

type Stateless = Omit<Action, 'state'>

/** What is asked for, and runs, together: the whole pipeline instead of its first statement. */
export function whole(first: Attempted, pipeline: Pipeline): Attempted {
  return {
    action: pipeline.action,
    inTransaction: first.inTransaction,
    state: () => first.state(),
    impact: (state) => pipeline.impact(state),
    definition: () => first.definition(),
    objects: () => pipeline.objects(),
    differs: () => null,
  }
}

/** What each statement of a pipeline would be alone; of any other action, itself. */
export function eachOf(action: Stateless): readonly Stateless[] {
  if (!action.pipeline) return [action]
  const secrets = action.secrets ? { secrets: action.secrets } : {}
  return action.statements.flatMap(({ type, fingerprint, facts, part }) =>
    part ? [{ type, text: part.text, parameters: part.parameters, statements: [{ type, fingerprint, facts }], ...secrets }] : [],
  )
}

/** One execution under its name in the ledger. */
export interface Run {
  readonly run: string
  readonly action: Stateless
  /** Policy did not allow it by itself. */
  readonly reviewed: boolean
}

/** Those of an action that somebody has approved: one for each statement of a pipeline. */
export function runsOf(action: Stateless, { each }: Judgement, name: () => string): readonly Run[] {
  return eachOf(action).map((own, index) => ({ run: name(), action: own, reviewed: !action.pipeline || each[index]?.decision.effect !== 'allow' }))
}

export function allowanceOf(runs: readonly Run[]): Allowance {
  const [first, ...behind] = runs.map(({ run, reviewed }): Allowance => ({ effect: 'allow', run, reviewed }))
  if (!first) throw new Error('nothing is allowed where nothing is run')
  return behind.length > 0 ? { ...first, behind } : first
}

/** A client takes an error for that of the first statement: of a pipeline it is said which one is meant. */
export function whichOf({ pipeline }: Stateless, { each }: Judgement): string {
  const denied = each.findIndex(({ decision }) => decision.effect === 'deny')
  return pipeline && denied >= 0 ? `; it is statement ${denied + 1} of ${each.length} that came together` : ''
}

interface Judging {
  readonly policy: PolicyEngine
  readonly asker: Asker
  readonly resource: string
  readonly live: readonly Grant[]
  readonly now: number
}

/** More of a pipeline than its first statement needs somebody, or is never allowed: then nobody is asked for the first alone. */
export function needsMore({ action }: Pipeline, state: SessionState | null, judging: Judging): boolean {
  const { policy, asker, resource, live, now } = judging
  const { principal } = asker
  const [, ...behind] = eachOf(action)
  return behind.some((each) => {
    const judgement = judge(policy, asker, resource, each.statements)
    if (judgement.decision.effect !== 'review') return judgement.decision.effect === 'deny'
    const digest = actionDigest(principal, resource, { ...each, state })
    return coveringGrants(judgement, live, { principal, resource, digest, state, alone: true }, now) === null
  })
}

/** As `secretOf`, of each statement by itself. */
export function secretOfAll(action: Stateless): Record<string, JsonValue> {
  return action.pipeline ? { each: eachOf(action).map(secretOf) } : secretOf(action)
}

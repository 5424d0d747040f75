import { type ActionType, NO_FACTS } from '@countersign/core/action'
import { describeNeed } from '@countersign/core/need'
import type { Decision } from '@countersign/core/obligations'
import type { Asker, PolicyEngine } from './engine.ts'

/** What somebody may expect on a resource, each `runs`, `needs 1 of dba` or `never`. */
export interface Summary {
  readonly connect: string
  readonly read: string
  readonly write: string
  readonly ddl: string
}

/** For a banner before anything is asked: judged as harmless statements that touch no row. The real one is judged when it comes. */
export function summarise(engine: PolicyEngine, asker: Asker, resource: string): Summary {
  const word = (type: ActionType) => describeDecision(engine.decide({ ...asker, resource, type, facts: NO_FACTS }))
  return { connect: word('connect'), read: word('sql:read'), write: word('sql:write'), ddl: word('sql:ddl') }
}

export function describeDecision(decision: Decision): string {
  switch (decision.effect) {
    case 'allow':
      return 'runs'
    case 'review':
      return `needs ${describeNeed(decision.need)}`
    case 'deny':
      return 'never'
  }
}

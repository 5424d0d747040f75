import type { ActionType, Facts, Statement } from '@countersign/core/action'
import type { PolicyEngine } from '../policy/engine.ts'
import type { StartedBody } from './events.ts'

/** What a statement that policy allows by itself leaves in the ledger, outside a transaction and inside one. */
export interface Allowed {
  readonly outside: StartedBody
  readonly inside: StartedBody
  /** Whose personal data its text and parameters are, if any. */
  readonly person: string | null
  /** The values of its parameters are not recorded. */
  readonly hidden: boolean
}

interface Known {
  readonly type: ActionType
  readonly allowed: Allowed | null
}

/** Enough for the statements that a program runs again and again. */
const MAX_KNOWN = 256

/**
 * What policy said of the statements that a session ran before; null is "not by itself". A statement that was classified
 * once has the same facts, as an object, each time, so nothing is compared and nothing is looked up by content.
 */
export class Remembered {
  readonly #judge: (statement: Statement) => Allowed | null
  #policy: PolicyEngine | null = null
  readonly #known = new Map<Facts, Known>()

  /** `judge` must answer alike for the same type and facts until the policy changes, or `forget` is called. */
  constructor(judge: (statement: Statement) => Allowed | null) {
    this.#judge = judge
  }

  forget(): void {
    this.#known.clear()
  }

  of(statement: Statement, policy: PolicyEngine): Allowed | null {
    if (policy !== this.#policy) this.forget()
    this.#policy = policy
    const { type, facts } = statement
    const known = this.#known.get(facts)
    if (known?.type === type) return known.allowed
    const allowed = this.#judge(statement)
    if (this.#known.size >= MAX_KNOWN) this.forget()
    this.#known.set(facts, { type, allowed })
    return allowed
  }
}

import type { ActionType, Facts } from '@countersign/core/action'
import type { Decision } from '@countersign/core/obligations'
import type { Principal } from '@countersign/core/principal'

/** One statement, or a connect, put before policy. `resource` is the name of a configured resource. */
export interface Question {
  readonly principal: Principal
  readonly resource: string
  readonly type: ActionType
  readonly facts: Facts
}

/** Why policy answers as it does, for `policy explain` and the console. */
export interface Explanation {
  readonly decision: Decision
  /** Every policy whose conditions hold for this question, with its file, line and annotations. */
  readonly matched: readonly {
    readonly id: string
    readonly effect: 'permit' | 'forbid'
    readonly file: string
    readonly line: number
    readonly annotations: Readonly<Record<string, string>>
  }[]
}

/** Cedar with obligations. Never throws for a question: what cannot be evaluated is denied, with a message that says so. */
export interface PolicyEngine {
  /** Names the policy texts in force: SHA-256, hexadecimal. Recorded with every decision. */
  readonly version: string
  decide(question: Question): Decision
  /** True when the number of rows may change what `decide` says; counting them costs something. */
  readsRows(about: Omit<Question, 'facts'>): boolean
  explain(question: Question): Explanation
}

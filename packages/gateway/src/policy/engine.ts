import type { ActionType, Facts } from '@countersign/core/action'
import type { Decision } from '@countersign/core/obligations'
import type { Principal } from '@countersign/core/principal'
import type { TokenScope } from '@countersign/core/token-scope'

/** Who is judged, and with what he came: the scope of his token is part of every answer. Null: it has none, or nobody's token is meant. */
export interface Asker {
  readonly principal: Principal
  readonly scope: TokenScope | null
}

/** One statement, or a connect, put before policy. `resource` is the name of a configured resource. */
export interface Question extends Asker {
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
  readsRows(about: Omit<Question, 'facts' | 'scope'>): boolean
  explain(question: Question): Explanation
}

import type { Impact, OwnImpact } from './impact.ts'

/** The action types, and the group each belongs to. A policy, a scope and a grant name one of them or the group. */
export const SQL_TYPES = ['sql:session', 'sql:read', 'sql:write', 'sql:ddl', 'sql:admin', 'sql:unknown'] as const
export const ACTION_TYPES = ['connect', ...SQL_TYPES] as const
export const ACTION_GROUPS = ['sql'] as const

export type SqlType = (typeof SQL_TYPES)[number]
export type ActionType = (typeof ACTION_TYPES)[number]
/** What a scope grant names: one action type, or a group of them. */
export type Scope = ActionType | (typeof ACTION_GROUPS)[number]

export function isActionType(text: string): text is ActionType {
  return ACTION_TYPES.some((type) => type === text)
}

export function isScope(text: string): text is Scope {
  return isActionType(text) || ACTION_GROUPS.some((group) => group === text)
}

/** True when `scope` names `type` itself or the group it belongs to. */
export function scopeIncludes(scope: Scope, type: ActionType): boolean {
  return scope === type || type.startsWith(`${scope}:`)
}

/** The number that stands for "unknown" in `Facts.rows`: the largest that both JavaScript and Cedar hold exactly. */
export const ROWS_UNKNOWN = Number.MAX_SAFE_INTEGER

/** What policy may ask about one statement. Unknown is explicit and is the stricter value. */
export interface Facts {
  readonly rows: number
  readonly rowsKnown: boolean
  /** An UPDATE or DELETE whose WHERE does not restrict, a TRUNCATE, or not known. */
  readonly unbounded: boolean
  /** Tables as written in the statement (`schema.table` where it was qualified), sorted, without duplicates. */
  readonly tables: readonly string[]
  readonly columns: readonly string[]
}

export const NO_FACTS: Facts = { rows: 0, rowsKnown: true, unbounded: false, tables: [], columns: [] }

/** One statement of an action: a simple Query of three statements is one action with three of them, and each is judged. */
export interface Statement {
  readonly type: ActionType
  readonly fingerprint: string | null
  readonly facts: Facts
  /** Its own part of an action of several statements; absent where it is all there is. */
  readonly part?: Part
}

/** One of several statements by itself, as a reviewer is shown it. */
export interface Part {
  /** Its own bytes: together the parts are the action's text, but for the semicolons and white space between them. */
  readonly text: string
  /** In a pipeline each statement has values of its own. */
  readonly parameters: readonly Parameter[]
  /** What it would have done when somebody was asked; absent when nobody looked. */
  readonly impact?: OwnImpact
}

/** A part of a text: from the character (UTF-16 code unit) `from` to before `to`. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** A bound value as it crossed the wire. `value` is UTF-8 text, or hexadecimal when `format` is binary; null is SQL NULL. */
export interface Parameter {
  readonly value: string | null
  readonly format: 'text' | 'binary'
  /** The type's OID from Parse, 0 when the server chooses. It changes what a binary value means. */
  readonly type: number
  /** Its value is not recorded and not shown: policy says that it is secret. */
  readonly withheld?: true
}

/** Session state that changes what the same text does; an approval is void when it differs. */
export interface SessionState {
  readonly database: string
  readonly role: string
  readonly searchPath: string
  readonly standardConformingStrings: string
  readonly clientEncoding: string
}

/**
 * One thing done on a resource. `text`, `parameters` and `state` are canonical: what a reviewer is shown, what is
 * hashed and what is forwarded are these same bytes.
 */
export interface Action {
  /** The widest type of its statements, for display and search; judging goes by statement. */
  readonly type: ActionType
  readonly text: string
  readonly parameters: readonly Parameter[]
  readonly state: SessionState | null
  readonly statements: readonly Statement[]
  /** The statements came in messages of their own, up to one Sync: each has its part, and `text` is those texts for reading. */
  readonly pipeline?: true
  /** Parts of the text that are passwords, as they stand there. Only while it is decided: never recorded, kept or shown. */
  readonly secrets?: readonly string[]
  /** What it would have done when somebody was asked; absent when nobody looked. It is shown and judged, and not part of what is approved. */
  readonly impact?: Impact
  /**
   * A digest of how everything that it touches was defined when somebody was asked: approved with its shape, and with nothing else. Absent when nobody
   * looked, or when it could not be found out.
   */
  readonly definition?: string
  /** A digest of what its names stood for when somebody was asked: where that is another it is not what was approved. Absent as `definition`. */
  readonly objects?: string
  /** The constants of `text` that may differ where its shape is approved. Absent where nobody could say. */
  readonly differs?: readonly Span[]
  /** Which approval of its shape covers it no more, and why: shown to whoever is asked instead. */
  readonly voided?: string
}

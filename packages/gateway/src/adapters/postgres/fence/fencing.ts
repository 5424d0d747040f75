import type { SqlType } from '@countersign/core/action'

/** What a session's role may be given for one statement. `sql:session` needs nothing. */
export type Right = Exclude<SqlType, 'sql:session'>

/** What the fence around one session is built on. */
export interface Fencing {
  /** The session's own role on the target. */
  readonly role: string
  /** The roles that a statement of this type needs there; none for a type that nobody mapped, and then the target refuses it. */
  rolesFor(type: Right): readonly string[]
  /** The role that DDL runs as, so that what it makes belongs to it; null: the session's own. */
  readonly owner: string | null
  /** The target's major version: from 16 on a membership says what it is good for. */
  readonly version: number
  /** Those of its roles that the session's role has for as long as it lives. */
  readonly standing: readonly string[]
  /**
   * One statement of the gateway's own account on the target, beside the session. Rejects with Refused where the target said no,
   * and with any other error when nobody knows what became of it.
   */
  run(sql: string): Promise<readonly (readonly (string | null)[])[]>
}

import type { Statement } from '@countersign/core/action'
import type { Impact } from '@countersign/core/impact'
import type { Attempted } from '../adapters/adapter.ts'

/** Asks for the session's state once: nothing else runs in a session that waits. */
export function askingOnce(attempted: Attempted): Attempted {
  let state: ReturnType<Attempted['state']> | null = null
  return { ...attempted, state: () => (state ??= attempted.state()) }
}

/** The action with what it would do now, so that policy and grants judge by the rows that were counted. */
export async function weighed(attempted: Attempted): Promise<Attempted> {
  const { action } = attempted
  const impact = await attempted.impact(await attempted.state())
  const [only, ...others] = action.statements
  const counted = only && others.length === 0 && impact.rows !== null ? [withRows(only, impact.rows)] : action.statements
  return { ...attempted, action: { ...action, impact, statements: counted } }
}

/** A change of rows, or anything that waits while a transaction keeps its locks, that nobody has looked at yet. */
export function isUnweighed({ action: { impact, statements }, inTransaction }: Pick<Attempted, 'action' | 'inTransaction'>): boolean {
  return impact === undefined && (inTransaction || statements.some(changesRows))
}

/** Rows are counted of one statement outside a transaction; of anything else it is no use to ask for them. */
export function mayBeCounted({ action: { statements }, inTransaction }: Pick<Attempted, 'action' | 'inTransaction'>): boolean {
  return !inTransaction && statements.length === 1
}

/** Only of these is it worth a question to the target. */
export function changesRows({ type, facts }: Statement): boolean {
  return type === 'sql:write' && !facts.rowsKnown
}

function withRows(statement: Statement, rows: NonNullable<Impact['rows']>): Statement {
  const { type, facts } = statement
  return {
    type,
    facts: { ...facts, rows, rowsKnown: true },
    get fingerprint() {
      return statement.fingerprint // only when a review asks for it
    },
  }
}

import type { Statement } from '@countersign/core/action'
import type { Impact } from '@countersign/core/impact'
import type { Attempted } from '../adapters/adapter.ts'

/** Asks for the session's state once, and for what depends on it: nothing else runs in a session that waits. */
export function askingOnce(attempted: Attempted): Attempted {
  let state: ReturnType<Attempted['state']> | null = null
  let definition: ReturnType<Attempted['definition']> | null = null
  let objects: ReturnType<Attempted['objects']> | null = null
  return {
    ...attempted,
    state: () => (state ??= attempted.state()),
    definition: () => (definition ??= attempted.definition()),
    objects: () => (objects ??= attempted.objects()),
  }
}

/** The action with what it would do now, so that policy and grants judge by the rows that were counted. */
export async function weighed(attempted: Attempted): Promise<Attempted> {
  const { action } = attempted
  const { all, each } = await attempted.impact(await attempted.state())
  const statements = action.statements.map((statement, index) => {
    const own = each[index]
    return own && statement.type === 'sql:write' ? withImpact(statement, own) : statement
  })
  return { ...attempted, action: { ...action, impact: all, statements } }
}

/** A change of rows, or anything that waits while a transaction keeps its locks, that nobody has looked at yet. */
export function isUnweighed({ action: { impact, statements }, inTransaction }: Pick<Attempted, 'action' | 'inTransaction'>): boolean {
  return impact === undefined && (inTransaction || statements.some(changesRows))
}

/** Inside a transaction it is no use to ask for rows, nor of several statements, of which most may change the rows of the others. */
export function mayBeCounted({ action: { statements, pipeline }, inTransaction }: Pick<Attempted, 'action' | 'inTransaction'>): boolean {
  return !inTransaction && (statements.length === 1 || pipeline === true)
}

/** Only of these is it worth a question to the target. */
export function changesRows({ type, facts }: Statement): boolean {
  return type === 'sql:write' && !facts.rowsKnown
}

function withImpact(statement: Statement, impact: Impact): Statement {
  const { rows, estimate, uniqueKey, triggers, cascades, sets, where, because } = impact
  const { type, facts, part } = statement
  return {
    type,
    facts: rows === null ? facts : { ...facts, rows, rowsKnown: true },
    get fingerprint() {
      return statement.fingerprint // only when a review asks for it
    },
    ...(part ? { part: { ...part, impact: { rows, estimate, uniqueKey, triggers, cascades, sets, where, because } } } : {}),
  }
}

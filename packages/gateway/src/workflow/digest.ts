import { createHash } from 'node:crypto'
import type { Action, Scope } from '@countersign/core/action'
import { type Principal, principalId } from '@countersign/core/principal'
import { canonical } from '@countersign/ledger/canonical'

/**
 * SHA-256 (hexadecimal) of everything an approval binds: who, where, the exact text with its parameters, and the session
 * state that changes its meaning. Two actions with one digest are the same action. Of what is secret a bare digest would be guessed: with a `salt`, which
 * nobody but one session knows, only that session finds its action again.
 */
export function actionDigest(principal: Principal, resource: string, action: Action, salt: string | null = null): string {
  const { text, parameters, state, type } = action
  const bound = { principal: principalId(principal), resource, type, state, ...(salt === null ? {} : { salt }) }
  return sha256(action.pipeline ? { kind: 'pipeline', ...bound, each: partsOf(action) } : { kind: 'action', ...bound, text, parameters })
}

/** The messages of a pipeline, one behind the other: neither their texts nor their values may move from one to the next. */
function partsOf({ statements }: Action) {
  return statements.map(({ part }) => {
    if (!part) throw new Error('a statement of a pipeline has no part of its own')
    return { text: part.text, parameters: part.parameters }
  })
}

export function scopeDigest(principal: Principal, resource: string, scope: Scope, ms: number): string {
  return sha256({ kind: 'scope', principal: principalId(principal), resource, scope, ms })
}

const sha256 = (value: unknown) => createHash('sha256').update(canonical(value)).digest('hex')

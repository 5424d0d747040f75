import { createHash } from 'node:crypto'
import type { Action, Scope } from '@countersign/core/action'
import { type Principal, principalId } from '@countersign/core/principal'
import { canonical } from '@countersign/ledger/canonical'

/**
 * SHA-256 (hexadecimal) of everything an approval binds: who, where, the exact text with its parameters, and the session
 * state that changes its meaning. Two actions with one digest are the same action.
 */
export function actionDigest(principal: Principal, resource: string, { text, parameters, state, type }: Action): string {
  return sha256({ kind: 'action', principal: principalId(principal), resource, type, text, parameters, state })
}

export function scopeDigest(principal: Principal, resource: string, scope: Scope, ms: number): string {
  return sha256({ kind: 'scope', principal: principalId(principal), resource, scope, ms })
}

const sha256 = (value: unknown) => createHash('sha256').update(canonical(value)).digest('hex')

import { createHash } from 'node:crypto'
import type { Action } from '@countersign/core/action'
import type { JsonValue } from '../journal/journal.ts'

/** What is longer is recorded by its hash and its beginning: whoever may send statements could fill the disk otherwise. */
const WHOLE_BYTES = 1024 * 1024
/** What the members of a parameter's JSON take besides its value, about. */
const EACH_BYTES = 40
const BEGINNING_CHARACTERS = 64 * 1024

/** What of an action only who holds the key can read. */
export type Secretive = Pick<Action, 'text' | 'parameters' | 'statements'>

/** The part of an action's entry that only who holds the key can read: its text, and its parameters and the tables that it names where it has any. */
export function secretOf({ text, parameters, statements }: Secretive): Record<string, JsonValue> {
  const objects = objectsOf(statements)
  return {
    text: sealed(text) ?? text,
    ...(objects.length > 0 ? { objects } : {}),
    ...(parameters.length > 0 ? { parameters: parametersOf(parameters) } : {}),
  }
}

/** The tables that statements name, as they name them: what a recording is searched by. */
export function objectsOf(statements: Action['statements']): readonly string[] {
  const [first, ...rest] = statements
  if (rest.length === 0) return first?.facts.tables ?? []
  return [...new Set(statements.flatMap(({ facts }) => facts.tables))]
}

/** True for what is certainly recorded whole, without counting its bytes: no character has more than three. */
export function isShort({ text, parameters }: Pick<Action, 'text' | 'parameters'>): boolean {
  return parameters.reduce((sum, { value }) => sum + EACH_BYTES + (value?.length ?? 0), text.length) <= WHOLE_BYTES / 3
}

/** Of those that are long together, their JSON is what is hashed. */
function parametersOf(parameters: Action['parameters']): JsonValue {
  const bytes = parameters.reduce((sum, { value }) => sum + EACH_BYTES + Buffer.byteLength(value ?? ''), 0)
  return (bytes > WHOLE_BYTES ? sealed(JSON.stringify(parameters)) : null) ?? parameters.map((parameter) => ({ ...parameter }))
}

/** The SHA-256 of its UTF-8 in hexadecimal, and its length; null for what is recorded whole. */
function sealed(text: string): JsonValue | null {
  const bytes = Buffer.byteLength(text)
  if (bytes <= WHOLE_BYTES) return null
  return { sha256: createHash('sha256').update(text).digest('hex'), bytes, beginning: text.slice(0, BEGINNING_CHARACTERS).toWellFormed() }
}

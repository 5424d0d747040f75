import type { Parameter } from '@countersign/core/action'

/** The OID of the type text. */
const TEXT = 25

export const textValue = (value: string): Parameter => ({ value, format: 'text', type: TEXT })

/** Of the type that the server finds for it. */
export const untyped = (value: string): Parameter => ({ value, format: 'text', type: 0 })

/** A JSON array of text, as the server sends one. */
export function strings(json: string | null | undefined): readonly string[] {
  const value: unknown = JSON.parse(json ?? '[]')
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

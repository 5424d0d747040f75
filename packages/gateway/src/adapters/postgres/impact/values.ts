import type { Parameter } from '@countersign/core/action'

/** The OID of the type text. */
const TEXT = 25

export const textValue = (value: string): Parameter => ({ value, format: 'text', type: TEXT })

/** Of the type that the server finds for it. */
export const untyped = (value: string): Parameter => ({ value, format: 'text', type: 0 })

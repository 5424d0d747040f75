import { hash } from 'node:crypto'
import type { PolicyText } from './receipt.ts'

/** Names policy texts as entries do: SHA-256 in hex over the JSON of `[[name, text], …]`, as ECMAScript writes it. */
export const policyVersion = (files: readonly PolicyText[]): string => hash('sha256', JSON.stringify(files.map(({ name, text }) => [name, text])))

import { hold } from '../adapters/postgres/hold.ts'
export const decide = hold

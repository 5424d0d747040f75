import { hold } from '../ssh/hold.ts'
export const serve = hold

import { start } from '../main.ts'
export const listen = start

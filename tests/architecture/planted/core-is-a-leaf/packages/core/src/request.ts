import { readFileSync } from 'node:fs'
export const request = readFileSync

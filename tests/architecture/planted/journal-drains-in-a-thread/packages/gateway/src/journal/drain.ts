import { openStore } from '../store/open.ts'
export const drain = openStore

import { open } from '../store/store.ts'
export const decide = open

import { insert } from '../store/sqlite/dialect.ts'
export const ask = insert

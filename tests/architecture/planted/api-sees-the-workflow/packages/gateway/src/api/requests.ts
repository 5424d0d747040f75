import { insert } from '../store/sqlite/dialect.ts'
export const post = insert

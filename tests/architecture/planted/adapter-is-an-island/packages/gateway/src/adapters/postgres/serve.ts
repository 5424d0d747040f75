import { open } from '../../store/store.ts'
export const serve = open

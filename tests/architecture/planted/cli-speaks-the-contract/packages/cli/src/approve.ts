import { open } from '../../gateway/src/store/store.ts'
export const approve = open

import { table } from '../../../cli/src/output.ts'
export const listen = table

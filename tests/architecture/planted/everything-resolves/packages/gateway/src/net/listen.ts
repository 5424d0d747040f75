import { gone } from './gone.ts'
export const listen = gone

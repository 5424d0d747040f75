import { decide } from '../policy/engine.ts'
export const append = decide

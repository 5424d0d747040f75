import { status } from '../../core/src/request.ts'
export const routes = status

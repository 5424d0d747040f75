import { port } from '../../test/port.ts'
export const listen = port

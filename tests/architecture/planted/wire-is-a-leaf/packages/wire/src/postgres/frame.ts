import { connect } from 'node:net'
export const frame = connect

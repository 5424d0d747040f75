import { connect } from 'node:net'
export const thread = connect

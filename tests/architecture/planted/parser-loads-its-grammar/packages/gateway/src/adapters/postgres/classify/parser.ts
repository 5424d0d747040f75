import { connect } from 'node:net'
export const parser = connect

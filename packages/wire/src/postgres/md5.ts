import { createHash } from 'node:crypto'

/**
 * The answer to AuthenticationMD5Password (PostgreSQL documentation, section 54.2.1), for `password`. Only for upstreams that know no
 * SCRAM: who has the server's stored hash can log in with it.
 */
export function md5Answer(user: string, password: string, salt: Uint8Array): string {
  const stored = md5(Buffer.from(password + user))
  return `md5${md5(Buffer.concat([Buffer.from(stored), salt]))}`
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex')
}

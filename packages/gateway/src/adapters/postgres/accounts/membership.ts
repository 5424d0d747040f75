import { quoted } from '../quoted.ts'

/** From this version on a membership says whether its member may become the role, besides having its rights. */
const OPTIONS_SINCE = 16

/** Gives `member` the rights of `role`, and no way to become it where the server (of this major version) knows the difference. */
export function grantRole(role: string, member: string, version: number): string {
  return `GRANT ${quoted(role)} TO ${quoted(member)}${version >= OPTIONS_SINCE ? ' WITH INHERIT TRUE, SET FALSE' : ''}`
}

/** Gives the rights of `role` to whoever is logged in, who may also hand over what it owns. */
export function grantToSelf(role: string, version: number): string {
  return `GRANT ${quoted(role)} TO CURRENT_USER${version >= OPTIONS_SINCE ? ' WITH INHERIT TRUE, SET TRUE' : ''}`
}

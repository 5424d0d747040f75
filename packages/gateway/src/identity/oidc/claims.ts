import type { OidcConfig } from '../../config/config.ts'
import { isGroupName, isUserName } from '../../config/names.ts'

/** What an issuer says of somebody. `subject` is who he is there, for ever. */
export interface Said {
  readonly subject: string
  readonly name: string
  readonly groups: readonly string[]
  readonly admin: boolean
  readonly auditor: boolean
  readonly displayName: string | null
  readonly email: string | null
}

/** An issuer says something of somebody that cannot be gone by. `message` says what, and holds no claim but names of claims. */
export class ClaimsError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ClaimsError'
  }
}

const LONGEST_TEXT = 253
/** Of more groups nobody can say what they are for. */
const MOST_GROUPS = 2_000

export type Claims = Readonly<Record<string, unknown>>

/** Throws ClaimsError. `firstAdmin`: see the configuration. */
export function readClaims(claims: Claims, config: OidcConfig, firstAdmin: string | null): Said {
  const { userClaim, adminGroups, auditorGroups } = config
  const subject = textOf(claims['sub'])
  if (subject === null) throw new ClaimsError('its ID token has no usable sub')
  const email = claims['email_verified'] === true ? textOf(claims['email']) : null
  const name = userClaim === 'email' ? email : textOf(claims[userClaim])
  if (name === null && userClaim === 'email') throw new ClaimsError('it does not say that it has verified the e-mail address (email_verified is not true)')
  if (name === null || !isUserName(name)) throw new ClaimsError(`its claim ${userClaim} is not there, or cannot be a user's name`)
  const groups = groupsOf(claims, config)
  const isFirst = firstAdmin !== null && (name === firstAdmin || email === firstAdmin)
  return {
    subject,
    name,
    groups,
    admin: isFirst || groups.some((group) => adminGroups.includes(group)),
    auditor: groups.some((group) => auditorGroups.includes(group)),
    displayName: textOf(claims['name']),
    email,
  }
}

/** True where the claims lack something that the issuer may say elsewhere (its userinfo endpoint). */
export const isPartial = (claims: Claims, { userClaim, groupsClaim }: OidcConfig): boolean =>
  claims[userClaim] === undefined || claims[groupsClaim] === undefined

/** What is no group's name here is none of his groups: no policy could name it. */
function groupsOf(claims: Claims, { groupsClaim }: OidcConfig): readonly string[] {
  const said = claims[groupsClaim]
  const list: readonly unknown[] = Array.isArray(said) ? said : typeof said === 'string' ? [said] : []
  if (list.length > MOST_GROUPS) throw new ClaimsError(`its claim ${groupsClaim} has more than ${MOST_GROUPS} groups`)
  return [...new Set(list.filter((group): group is string => typeof group === 'string' && isGroupName(group)))].sort()
}

/** Without what a row of the store, a log or a terminal would stumble over. */
function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST_TEXT && value.isWellFormed() && !/\p{Cc}/u.test(value) ? value : null
}

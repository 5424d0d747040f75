import type { User, Users } from '../identity/caller.ts'
import type { PasskeyRecord } from '../store/store.ts'

type Directory = Pick<Users, 'user' | 'users'>

/**
 * Keys of admins are reviewed by another admin, so that nobody comes to speak for an admin, or takes that from him, by himself. A key that is enrolled counts at
 * once only where its owner is no admin, or is the only one.
 */
export function enrolmentWaits(directory: Directory, owner: string): boolean {
  return directory.user(owner)?.admin === true && adminsBut(directory, [owner]).length > 0
}

/** One that is removed waits where there is anybody to agree: to count no longer is the safe side of it, and holds meanwhile. */
export function removalWaits(directory: Directory, owner: string, by: string): boolean {
  return isToBeAdmin(directory.user(owner)) && adminsBut(directory, [owner, by]).length > 0
}

/** True where an admin who invites another one would leave nobody who could agree to the key. */
export function leavesNobody(directory: Directory, owner: string, by: string, willBeAdmin: boolean): boolean {
  return willBeAdmin && adminsBut(directory, [owner]).length > 0 && adminsBut(directory, [owner, by]).length === 0
}

/** He is an admin, or will be once his keys are agreed to. */
export const isToBeAdmin = (user: Pick<User, 'admin' | 'adminWaits'> | null | undefined): boolean => user?.admin === true || user?.adminWaits === true

/**
 * It was enrolled when its owner was no admin, and nobody has agreed to it. While he has such a key a source makes him an admin in vain, unless there is no other
 * one: whoever has the key, or made a token with it, would come to speak for an admin by himself. All else that he may do he may do with it.
 */
export const isUnagreed = ({ status, agreed }: Pick<PasskeyRecord, 'status' | 'agreed'>): boolean => !agreed && (status === 'active' || status === 'leaving')

/** Another admin is asked to agree: that it counts, that it is removed, or that it is a key of an admin. */
export function isAsked(directory: Directory, passkey: Pick<PasskeyRecord, 'user' | 'status' | 'agreed'>): boolean {
  if (passkey.status === 'waiting' || passkey.status === 'leaving') return true
  return isUnagreed(passkey) && directory.user(passkey.user)?.adminWaits === true
}

/** Another admin than its owner, and than whoever brought it about. */
export function mayAgree(directory: Directory, { name, admin }: Pick<User, 'name' | 'admin'>, passkey: PasskeyRecord): boolean {
  return admin && name !== passkey.user && name !== passkey.by && isAsked(directory, passkey)
}

const adminsBut = (directory: Directory, names: readonly string[]): readonly User[] =>
  directory.users().filter(({ name, admin, active }) => admin && active && !names.includes(name))

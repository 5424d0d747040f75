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
  return directory.user(owner)?.admin === true && adminsBut(directory, [owner, by]).length > 0
}

/** True where an admin who invites another one would leave nobody who could agree to the key. */
export function leavesNobody(directory: Directory, owner: string, by: string, willBeAdmin: boolean): boolean {
  return willBeAdmin && adminsBut(directory, [owner]).length > 0 && adminsBut(directory, [owner, by]).length === 0
}

/** Another admin than its owner, and than whoever brought it about. */
export function mayAgree({ name, admin }: Pick<User, 'name' | 'admin'>, { user, by, status }: Pick<PasskeyRecord, 'user' | 'by' | 'status'>): boolean {
  return admin && name !== user && name !== by && (status === 'waiting' || status === 'leaving')
}

const adminsBut = (directory: Directory, names: readonly string[]): readonly User[] =>
  directory.users().filter(({ name, admin, active }) => admin && active && !names.includes(name))

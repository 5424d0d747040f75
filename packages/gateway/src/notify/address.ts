import type { User } from '../identity/caller.ts'

/** No quotes, no white space, no list: what does not look like this is in no header of ours. */
const ADDRESS = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{1,253}$)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{1,63}$/

/** Where he gets e-mail: at the address that is known of him, or that is his name. Null: nowhere. */
export function addressOf({ name, email }: Pick<User, 'name' | 'email'>): string | null {
  const address = email ?? name
  return ADDRESS.test(address) ? address : null
}

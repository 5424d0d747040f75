import type { Lease, Target } from '../../adapter.ts'
import type { Admins } from '../accounts/admin.ts'
import type { Fencing } from './fencing.ts'

/** The fence around a session with an account of its own, on a target of this major version. */
export function fencingOf(admins: Admins, { resource, accounts }: Target, { account }: Lease, version: number): Fencing {
  const roles = accounts?.roles ?? {}
  const rolesFor = (type: string) => roles[type.slice(type.indexOf(':') + 1)] ?? []
  return {
    role: account.name,
    rolesFor,
    owner: accounts?.owner ?? null,
    version,
    standing: account.reads ? rolesFor('sql:read') : [],
    run: (sql) => admins.of(resource).run((beside) => beside.ask(sql)),
  }
}

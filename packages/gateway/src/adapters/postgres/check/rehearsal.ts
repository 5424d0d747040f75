import { randomBytes } from 'node:crypto'
import type { OwnAccounts } from '../../adapter.ts'
import { createAccount } from '../accounts/keeper.ts'
import { grantRole, grantToSelf } from '../accounts/membership.ts'
import { handingOver } from '../accounts/remove.ts'
import type { Beside } from '../beside.ts'
import { quoted } from '../quoted.ts'

/** As a target keeps a password that nothing has for its digest. */
const NO_PASSWORD = `SCRAM-SHA-256$4096:${'A'.repeat(22)}==$${'A'.repeat(43)}=:${'A'.repeat(43)}=`

/** All roles that a session may be given, each once. */
export function mappedRoles(accounts: OwnAccounts | null): readonly string[] {
  return [...new Set(Object.values(accounts?.roles ?? {}).flatMap((roles) => roles ?? []))]
}

/**
 * Does with an account all that the gateway does but logging in, in a transaction that is rolled back. Null when the target takes it; else the
 * first statement that it refused, and why.
 */
export async function rehearse(beside: Beside, accounts: OwnAccounts): Promise<string | null> {
  const name = `cs_check_${randomBytes(6).toString('hex')}`
  const { version } = beside
  const roles = mappedRoles(accounts)
  const steps = [
    createAccount(name, NO_PASSWORD, 0),
    ...roles.map((role) => grantRole(role, name, version)),
    ...roles.map((role) => `REVOKE ${quoted(role)} FROM ${quoted(name)}`),
    grantToSelf(name, version),
    ...handingOver(name, accounts.owner),
    `DROP ROLE ${quoted(name)}`,
  ]
  await beside.ask('BEGIN READ WRITE')
  try {
    for (const step of steps) {
      const refused = await beside.ask(step).then(
        () => null,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      )
      if (refused !== null) return `${step.replace(/ LOGIN .*/, '')}: ${refused}`
    }
    return null
  } finally {
    await beside.ask('ROLLBACK')
  }
}

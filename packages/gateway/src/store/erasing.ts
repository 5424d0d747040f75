import type { Transaction } from 'kysely'
import type { Changed } from './database.ts'
import { deviceOf } from './devices.ts'
import { inviteOf, passkeyOf, passkeyRow } from './passkeys.ts'
import { eraseOwed } from './owed.ts'
import { personOf, personRow } from './persons.ts'
import type { Tables } from './tables.ts'
import { tokenOf, tokenRow } from './tokens.ts'

/** What a passkey is called whose owner's name for it is gone. */
const ERASED = 'erased'

/** See `ErasureStore.erasePerson`. */
export async function erasePerson(transaction: Transaction<Tables>, changed: Changed, user: string, before: number): Promise<void> {
  await removeHis(transaction, changed, user, before)
  await unname(transaction, changed, user, before)
  await eraseOwed(transaction, user)
  for (const person of (await transaction.selectFrom('people').selectAll().where('name', '=', user).execute()).map(personOf)) {
    if (person.displayName === null && person.email === null) continue
    const next = personRow({ ...person, version: person.version + 1, displayName: null, email: null })
    const saved = transaction.updateTable('people').set(next).where('id', '=', person.id).where('version', '=', person.version)
    assertSaved(person.id, await saved.executeTakeFirstOrThrow())
    changed({ kind: 'person', id: person.id })
  }
}

/** Where he is signed in and how he is told; invitations, which are for nobody any more; and the command lines that he has answered. */
async function removeHis(transaction: Transaction<Tables>, changed: Changed, user: string, before: number): Promise<void> {
  const logins = transaction.deleteFrom('logins').where('username', '=', user).where('created_at', '<=', before).returning('id')
  for (const { id } of await logins.execute()) changed({ kind: 'login', id })
  await transaction.deleteFrom('notification_choices').where('username', '=', user).execute()
  await transaction.deleteFrom('push_subscriptions').where('username', '=', user).where('created_at', '<=', before).execute()
  const invites = await transaction.selectFrom('invites').selectAll().where('created_at', '<=', before).execute()
  for (const { id } of invites.map(inviteOf).filter((invite) => invite.user === user)) await transaction.deleteFrom('invites').where('id', '=', id).execute()
  const devices = (await transaction.selectFrom('devices').selectAll().execute()).map(deviceOf)
  for (const { id } of devices.filter(({ by, createdAt }) => by?.user === user && createdAt <= before))
    await transaction.deleteFrom('devices').where('id', '=', id).execute()
}

/** What he signs with, and what connects as him, stays: without what he calls it. */
async function unname(transaction: Transaction<Tables>, changed: Changed, user: string, before: number): Promise<void> {
  const passkeys = await transaction.selectFrom('passkeys').selectAll().where('username', '=', user).where('created_at', '<=', before).execute()
  for (const passkey of passkeys.map(passkeyOf)) {
    if (passkey.name === ERASED) continue
    const next = passkeyRow({ ...passkey, version: passkey.version + 1, name: ERASED })
    const saved = transaction.updateTable('passkeys').set(next).where('id', '=', passkey.id).where('version', '=', passkey.version)
    assertSaved(passkey.id, await saved.executeTakeFirstOrThrow())
    changed({ kind: 'passkey', id: passkey.id })
  }
  const tokens = await transaction.selectFrom('tokens').selectAll().where('username', '=', user).where('created_at', '<=', before).execute()
  for (const token of tokens.map(tokenOf)) {
    const { body } = tokenRow({ ...token, name: null })
    await transaction.updateTable('tokens').set({ body }).where('id', '=', token.id).execute()
  }
}

function assertSaved(id: string, { numUpdatedRows }: { readonly numUpdatedRows: bigint }): void {
  if (numUpdatedRows !== 1n) throw new Error(`${id} was changed while it was erased`)
}

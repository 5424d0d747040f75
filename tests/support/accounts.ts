import { readFileSync } from 'node:fs'

/**
 * A resource whose sessions have accounts of their own, as its administrator sets it up (docs/accounts.md): the gateway's own
 * role makes roles and is no superuser. For a stage, whose target has the table `orders`.
 */
export const OWN_ACCOUNTS = {
  credential: { username: 'gateway', password: { env: 'TARGET_PASSWORD' } },
  accounts: { mode: 'ephemeral', roles: { read: ['app_read'], write: ['app_write'], ddl: ['app_owner'] }, owner: 'app_owner' },
}

const PAGE = readFileSync(new URL('../../docs/accounts.md', import.meta.url), 'utf8')

/** The page's own SQL for the superuser, the same on 15 and on 18, with a stage's database and password. */
export const ACCOUNTS_SEED = (/^```sql\n(.*?)^```$/ms.exec(PAGE)?.[1] ?? '').replace("'…'", "'only-in-tests'").replace('DATABASE orders', 'DATABASE postgres')

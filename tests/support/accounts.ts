/**
 * A resource whose sessions have accounts of their own, as its administrator sets it up (docs/set-up-accounts.md): the gateway's own
 * role makes roles and is no superuser. For a stage, whose target has the table `orders`.
 */
export const OWN_ACCOUNTS = {
  credential: { username: 'gateway', password: { env: 'TARGET_PASSWORD' } },
  accounts: { mode: 'ephemeral', roles: { read: ['app_read'], write: ['app_write'], ddl: ['app_owner'] }, owner: 'app_owner' },
}

/** SQL for the superuser, on 15 and on 18; `password` is the one that a stage's target has for everybody. */
export const ACCOUNTS_SEED = `
  CREATE ROLE app_read; CREATE ROLE app_write; CREATE ROLE app_owner;
  CREATE ROLE gateway LOGIN CREATEROLE PASSWORD 'only-in-tests';
  GRANT app_read, app_write, app_owner TO gateway WITH ADMIN OPTION;
  REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC;
  REVOKE CREATE ON SCHEMA public FROM PUBLIC;
  GRANT SELECT ON orders TO app_read;
  GRANT INSERT, UPDATE, DELETE ON orders TO app_write;
  GRANT USAGE ON SEQUENCE runs TO app_write;
  GRANT USAGE, CREATE ON SCHEMA public TO app_owner;
`

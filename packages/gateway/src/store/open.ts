import type { Config } from '../config/config.ts'
import type { Database } from './database.ts'
import { Erasures } from './erasures.ts'
import { Devices } from './devices.ts'
import { Exports } from './exports.ts'
import { Gateways } from './gateways.ts'
import { Grants } from './grants.ts'
import { Ledger } from './ledger.ts'
import { LedgerIndex } from './ledger-index.ts'
import { Leases } from './leases.ts'
import { Logins } from './logins.ts'
import { Notifications } from './notifications.ts'
import { unavailable } from './patience.ts'
import { Challenges, Invites, Passkeys } from './passkeys.ts'
import { Persons } from './persons.ts'
import { openPostgres, openPostgresQuietly } from './postgres/open.ts'
import { Policies } from './policies.ts'
import { Recordings } from './recordings.ts'
import { Requests } from './requests.ts'
import { Runs } from './runs.ts'
import { ScimGroups } from './scim-groups.ts'
import { Sessions } from './sessions.ts'
import { SqliteLedger } from './sqlite/ledger.ts'
import { openSqlite, openSqliteBlocking } from './sqlite/open.ts'
import type { LedgerStore, Store } from './store.ts'
import { Tokens } from './tokens.ts'
import { Tree } from './tree.ts'

/** The store that the configuration names, its tables made or brought up to date. Rejects with StoreUnavailable. */
export async function openStore(config: Pick<Config, 'store' | 'data'>): Promise<Store> {
  const database = await openDatabase(config).catch((error: unknown) => {
    throw unavailable(error)
  })
  return {
    requests: new Requests(database),
    grants: new Grants(database),
    sessions: new Sessions(database),
    tokens: new Tokens(database),
    people: new Persons(database),
    logins: new Logins(database),
    passkeys: new Passkeys(database),
    invites: new Invites(database),
    challenges: new Challenges(database),
    leases: new Leases(database),
    gateways: new Gateways(database),
    ledger: new Ledger(database),
    runs: new Runs(database),
    tree: new Tree(database),
    ledgerIndex: new LedgerIndex(database),
    erasures: new Erasures(database),
    policies: new Policies(database),
    exports: new Exports(database),
    recordings: new Recordings(database),
    devices: new Devices(database),
    scimGroups: new ScimGroups(database),
    notifications: new Notifications(database),
    subscribe: (listener) => database.subscribe(listener),
    ping: () => database.ping(),
    close: () => database.close(),
  }
}

function openDatabase({ store, data }: Pick<Config, 'store' | 'data'>): Promise<Database> {
  switch (store.kind) {
    case 'sqlite':
      return openSqlite(data)
    case 'postgres':
      return openPostgres(store.url)
  }
}

/** The ledger alone, and its connection. */
export type OpenLedger = LedgerStore & Pick<Store, 'close'>

/**
 * For a thread that does nothing else, in a process that has the store open: the tables are there, and no change is made
 * that anybody listens for. Throws StoreUnavailable, as its use does.
 */
export function openLedger({ store, data }: Pick<Config, 'store' | 'data'>): OpenLedger {
  if (store.kind === 'sqlite') return new SqliteLedger(data)
  const database = openPostgresQuietly(store.url)
  const ledger = new Ledger(database)
  return {
    append: (...given) => ledger.append(...given),
    read: (gateway, from, limit) => ledger.read(gateway, from, limit),
    heads: () => ledger.heads(),
    running: (gateway) => ledger.running(gateway),
    signedHeads: (gateway, from, limit) => ledger.signedHeads(gateway, from, limit),
    close: () => database.close(),
  }
}

/** The ledger, the tree over it and what is in its blocks, and whom and what entries name; and their connection. */
export type OpenTree = Pick<Store, 'ledger' | 'tree' | 'ledgerIndex' | 'sessions' | 'requests' | 'grants' | 'close'>

/** For a thread as above. */
export function openTree({ store, data }: Pick<Config, 'store' | 'data'>): OpenTree {
  const database = store.kind === 'sqlite' ? openSqliteBlocking(data) : openPostgresQuietly(store.url)
  return {
    ledger: new Ledger(database),
    tree: new Tree(database),
    ledgerIndex: new LedgerIndex(database),
    sessions: new Sessions(database),
    requests: new Requests(database),
    grants: new Grants(database),
    close: () => database.close(),
  }
}

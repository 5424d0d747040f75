import type { Config } from '../config/config.ts'
import { unavailable } from './patience.ts'
import { SqliteLedger } from './sqlite/ledger.ts'
import { openSqlite } from './sqlite/thread.ts'
import type { LedgerStore, Store } from './store.ts'

/** Loading what speaks to a database takes a tenth of a second of each process and thread, and most do not need it: with SQLite the one that has the store open does. */
const load = {
  storeOn: async () => (await import('./on-database.ts')).storeOn,
  postgres: () => import('./postgres/open.ts'),
  sqlite: () => import('./sqlite/open.ts'),
}

/** The store that the configuration names, its tables made or brought up to date. Rejects with StoreUnavailable. */
export async function openStore({ store, data }: Pick<Config, 'store' | 'data'>): Promise<Store> {
  try {
    if (store.kind === 'sqlite') return await openSqlite(data)
    const [storeOn, { openPostgres }] = await Promise.all([load.storeOn(), load.postgres()])
    return storeOn(await openPostgres(store.url))
  } catch (error) {
    throw unavailable(error)
  }
}

/** The ledger alone, and its connection. */
export type OpenLedger = LedgerStore & Pick<Store, 'close'>

/**
 * For a thread that does nothing else, in a process that has the store open: the tables are there, and no change is made
 * that anybody listens for. Rejects with StoreUnavailable, as its use does.
 */
export async function openLedger({ store, data }: Pick<Config, 'store' | 'data'>): Promise<OpenLedger> {
  if (store.kind === 'sqlite') return new SqliteLedger(data)
  const [storeOn, { openPostgresQuietly }] = await Promise.all([load.storeOn(), load.postgres()])
  const opened = storeOn(openPostgresQuietly(store.url))
  const { ledger } = opened
  return {
    append: (...given) => ledger.append(...given),
    read: (gateway, from, limit) => ledger.read(gateway, from, limit),
    heads: () => ledger.heads(),
    running: (gateway) => ledger.running(gateway),
    signedHeads: (gateway, from, limit) => ledger.signedHeads(gateway, from, limit),
    close: () => opened.close(),
  }
}

/** The ledger, the tree over it and what is in its blocks, and whom and what entries name; and their connection. */
export type OpenTree = Pick<Store, 'ledger' | 'tree' | 'ledgerIndex' | 'sessions' | 'requests' | 'grants' | 'close'>

/** For a thread as above. */
export async function openTree({ store, data }: Pick<Config, 'store' | 'data'>): Promise<OpenTree> {
  const storeOn = await load.storeOn()
  if (store.kind === 'sqlite') return storeOn((await load.sqlite()).openSqliteBlocking(data))
  return storeOn((await load.postgres()).openPostgresQuietly(store.url))
}

import { sql } from 'kysely'
import type { Config } from '../config/config.ts'
import { answered, type Database } from './database.ts'
import { Gateways } from './gateways.ts'
import { Grants } from './grants.ts'
import { Ledger } from './ledger.ts'
import { Requests } from './requests.ts'
import { Sessions } from './sessions.ts'
import { openPostgres } from './postgres/open.ts'
import { openSqlite } from './sqlite/open.ts'
import type { Store } from './store.ts'
import { Tokens } from './tokens.ts'

/** The store that the configuration names, its tables made or brought up to date. Rejects with StoreUnavailable. */
export async function openStore(config: Pick<Config, 'store' | 'data'>): Promise<Store> {
  const database = await answered(openDatabase(config))
  return {
    requests: new Requests(database),
    grants: new Grants(database),
    sessions: new Sessions(database),
    tokens: new Tokens(database),
    gateways: new Gateways(database),
    ledger: new Ledger(database),
    subscribe: (listener) => database.subscribe(listener),
    ping: async () => {
      await database.read((db) => sql`select 1`.execute(db))
    },
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

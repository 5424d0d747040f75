import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { aGrant } from '../../../core/test/arbitraries.ts'
import type { OpenLedger, OpenTree } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'

/** A database of one test's own. */
export interface Bed {
  /** Another gateway's store on the same database. */
  open(): Promise<Store>
  /** The ledger of a store that is open, as the thread that drains a journal has it. */
  openLedger(): Promise<OpenLedger>
  /** The ledger and its tree, as the sequencer's thread has them. */
  openTree(): Promise<OpenTree>
  /** What somebody does to the database behind the gateways' back; tables are qualified by `schema`. */
  sql(text: string): Promise<void>
  readonly schema: string
  remove(): Promise<void>
}

/** Two gateways, `here` and `there`, on a new database for each test. */
export interface Pair {
  readonly bed: Bed
  readonly here: Store
  readonly there: Store
}

/** All that are there, in an order in which they can be dropped. */
export const TABLES = [
  'recordings',
  'recording_places',
  'requests',
  'request_groups',
  'grants',
  'sessions',
  'tokens',
  'gateways',
  'leases',
  'ledger',
  'ledger_heads',
  'tree',
  'tree_runs',
  'tiles',
  'key_leaves',
  'checkpoints',
  'erasures',
  'erasures_done',
  'policies',
  'owed',
  'exports',
  'people',
  'logins',
  'notification_choices',
  'push_subscriptions',
  'push_keys',
  'deliveries',
  'passkeys',
  'invites',
  'challenges',
  'challenge_keys',
  'devices',
  'scim_groups',
  'runs',
  'ledger_blocks',
  'ledger_terms',
  'kysely_migration',
  'kysely_migration_lock',
] as const

/** Where a test leaves nothing that another could meet, they share one database, which is emptied behind each: making one takes longer than most tests. */
export function pairs(makeBed: () => Promise<Bed>, { apart }: { readonly apart: boolean }): () => Pair {
  let pair: Pair | null = null
  const open = async () => {
    const bed = await makeBed()
    pair = { bed, here: await bed.open(), there: await bed.open() }
  }
  const close = async () => {
    await Promise.all([pair?.here.close(), pair?.there.close()])
    await pair?.bed.remove()
  }
  if (apart) {
    beforeEach(open)
    afterEach(close)
  } else {
    beforeAll(open)
    afterEach(() => pair && empty(pair))
    afterAll(close)
  }
  return () => {
    if (!pair) throw new Error('there is a pair only while a test runs')
    return pair
  }
}

/** As it was made: `tree` has its one row from the beginning. Nothing that happened before is heard any more. */
async function empty({ bed, here, there }: Pair): Promise<void> {
  const heard = Promise.all([here, there].map((store) => hears(store, LAST.id)))
  await here.grants.insert(LAST)
  await heard
  const emptied = TABLES.filter((table) => table !== 'tree' && !table.startsWith('kysely_')).map((table) => `delete from ${bed.schema}${table}`)
  await bed.sql([...emptied, `update ${bed.schema}tree set origin = 'countersign/tree-0123456789', size = 0, term = 0, holder = null, beat = 0`].join(';'))
}

/** The last change that a database sees before it is emptied. */
const LAST = aGrant({ id: 'the-last' })

function hears(store: Store, id: string): Promise<void> {
  return new Promise((resolve) => {
    const stop = store.subscribe((event) => {
      if (event.kind !== 'grant' || event.id !== id) return
      stop()
      resolve()
    })
  })
}

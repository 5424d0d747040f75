import type { Database } from './database.ts'
import type { IndexedBlock, LedgerIndexStore } from './ledger-index-store.ts'
import { StoreUnavailable } from './store.ts'

/** Rows in one statement, of two parameters each. */
const ROWS = 500

export class LedgerIndex implements LedgerIndexStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  count(): Promise<number> {
    return this.#database.read(async (db) => {
      const last = await db
        .selectFrom('ledger_blocks')
        .select(({ fn }) => fn.max('block').as('block'))
        .executeTakeFirst()
      return typeof last?.block === 'number' ? blockOf(last.block) + 1 : 0
    })
  }

  async add(blocks: readonly IndexedBlock[]): Promise<void> {
    const rows = blocks.flatMap(({ block, terms }) => terms.map((term) => ({ term, block })))
    await this.#database.write(async (transaction) => {
      for (let from = 0; from < rows.length; from += ROWS)
        await transaction
          .insertInto('ledger_terms')
          .values(rows.slice(from, from + ROWS))
          .onConflict((conflict) => conflict.doNothing())
          .execute()
      await transaction
        .insertInto('ledger_blocks')
        .values(blocks.map(({ block, firstAt, lastAt }) => ({ block, first_at: firstAt, last_at: lastAt })))
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    })
  }

  find({ terms, from, until, below, limit }: Parameters<LedgerIndexStore['find']>[0]): Promise<readonly number[]> {
    return this.#database.read(async (db) => {
      let found = db.selectFrom('ledger_blocks').select('block').where('block', '<', below)
      if (from !== null) found = found.where('last_at', '>=', from)
      if (until !== null) found = found.where('first_at', '<', until)
      for (const term of terms) found = found.where('block', 'in', db.selectFrom('ledger_terms').select('block').where('term', '=', term))
      return (await found.orderBy('block', 'desc').limit(limit).execute()).map(({ block }) => blockOf(block))
    })
  }
}

function blockOf(block: number): number {
  if (Number.isSafeInteger(block) && block >= 0) return block
  throw new StoreUnavailable('a row of the table ledger_blocks is not what a gateway wrote')
}

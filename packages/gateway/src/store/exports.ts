import type { Transaction } from 'kysely'
import { z } from 'zod'
import type { Database } from './database.ts'
import { type ExportState, type ExportStore, StoreUnavailable } from './store.ts'
import type { Tables } from './tables.ts'

const count = z.int().min(0)
const stateShape = z.strictObject({ name: z.string(), position: count, term: count, holder: z.string().nullable(), beat: count })

type Held = Pick<ExportState, 'name' | 'term'>

export class Exports implements ExportStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  state(name: string): Promise<ExportState> {
    return this.#database.write(async (transaction) => {
      const fresh = { name, position: 0, term: 0, holder: null, beat: 0 }
      await transaction
        .insertInto('exports')
        .values(fresh)
        .onConflict((conflict) => conflict.column('name').doNothing())
        .execute()
      return stateOf(name, await transaction.selectFrom('exports').selectAll().where('name', '=', name).executeTakeFirst())
    })
  }

  take(holder: string, { name, position, term, beat }: ExportState): Promise<ExportState | null> {
    const next = { name, position, term: term + 1, holder, beat: beat + 1 }
    return this.#database.write(async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable('exports')
        .set(next)
        .where('name', '=', name)
        .where('term', '=', term)
        .where('beat', '=', beat)
        .executeTakeFirstOrThrow()
      return numUpdatedRows === 1n ? next : null
    })
  }

  renew(held: Held): Promise<boolean> {
    return this.#database.write((transaction) => beats(transaction, held))
  }

  advance(held: Held, position: number): Promise<boolean> {
    return this.#database.write((transaction) => beats(transaction, held, position))
  }

  async release({ name, term }: Held): Promise<void> {
    await this.#database.write((transaction) =>
      transaction.updateTable('exports').set({ holder: null }).where('name', '=', name).where('term', '=', term).execute(),
    )
  }
}

async function beats(transaction: Transaction<Tables>, { name, term }: Held, position?: number): Promise<boolean> {
  let query = transaction
    .updateTable('exports')
    .set((row) => ({ beat: row('beat', '+', 1), ...(position === undefined ? {} : { position }) }))
    .where('name', '=', name)
    .where('term', '=', term)
    .where('holder', 'is not', null)
  if (position !== undefined) query = query.where('position', '<=', position)
  return (await query.executeTakeFirstOrThrow()).numUpdatedRows === 1n
}

function stateOf(name: string, row: unknown): ExportState {
  const state = stateShape.safeParse(row)
  if (state.success) return state.data
  throw new StoreUnavailable(`the store's row of the export ${name} is not what a gateway wrote; remove it, and the export begins again`)
}

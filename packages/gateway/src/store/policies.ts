import { z } from 'zod'
import type { Database } from './database.ts'
import { type PolicyStore, StoreUnavailable } from './store.ts'

const filesShape = z.array(z.strictObject({ name: z.string(), text: z.string() }))

export class Policies implements PolicyStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async keep(version: string, files: Parameters<PolicyStore['keep']>[1]): Promise<void> {
    await this.#database.write((transaction) =>
      transaction
        .insertInto('policies')
        .values({ version, files: JSON.stringify(files) })
        .onConflict((conflict) => conflict.column('version').doNothing())
        .execute(),
    )
  }

  get(version: string): ReturnType<PolicyStore['get']> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('policies').select('files').where('version', '=', version).executeTakeFirst()
      return row ? filesOf(row.files) : null
    })
  }
}

function filesOf(json: string): z.output<typeof filesShape> {
  try {
    return filesShape.parse(JSON.parse(json))
  } catch (cause) {
    throw new StoreUnavailable('a row of the table policies is not what this version wrote', { cause })
  }
}

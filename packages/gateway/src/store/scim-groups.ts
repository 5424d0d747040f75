import type { Database } from './database.ts'
import type { ScimGroupRecord, ScimGroupStore } from './scim-group-store.ts'
import { parseRow, scimGroupShape } from './shapes.ts'
import type { ScimGroupRow } from './tables.ts'

export class ScimGroups implements ScimGroupStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  insert(group: ScimGroupRecord): Promise<boolean> {
    return this.#database.write(async (transaction) => {
      const { numInsertedOrUpdatedRows } = await transaction
        .insertInto('scim_groups')
        .values(groupRow(group))
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow()
      return numInsertedOrUpdatedRows === 1n
    })
  }

  get(id: string): Promise<ScimGroupRecord | null> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('scim_groups').selectAll().where('id', '=', id).executeTakeFirst()
      return row ? groupOf(row) : null
    })
  }

  list(): Promise<readonly ScimGroupRecord[]> {
    return this.#database.read(async (db) => (await db.selectFrom('scim_groups').selectAll().orderBy('name').execute()).map(groupOf))
  }

  save(next: ScimGroupRecord): Promise<boolean> {
    return this.#database.write(async (transaction) => {
      const namesake = await transaction.selectFrom('scim_groups').select('id').where('name', '=', next.name).where('id', '!=', next.id).execute()
      if (namesake.length > 0) return false // asked first, because an update that breaks a rule of the table ends its transaction
      const { numUpdatedRows } = await transaction
        .updateTable('scim_groups')
        .set(groupRow(next))
        .where('id', '=', next.id)
        .where('version', '=', next.version - 1)
        .executeTakeFirstOrThrow()
      return numUpdatedRows === 1n
    })
  }

  remove(id: string): Promise<void> {
    return this.#database.write(async (transaction) => {
      await transaction.deleteFrom('scim_groups').where('id', '=', id).execute()
    })
  }
}

function groupRow(group: ScimGroupRecord): ScimGroupRow {
  return { ...columnsOf(group), body: JSON.stringify(group) }
}

function groupOf(row: ScimGroupRow): ScimGroupRecord {
  return parseRow('scim_groups', row, scimGroupShape, columnsOf)
}

function columnsOf({ id, version, name }: ScimGroupRecord): Omit<ScimGroupRow, 'body'> {
  return { id, version, name }
}

import type { Transaction } from 'kysely'
import type { Database } from './database.ts'
import type { PersonRecord, PersonStore } from './people.ts'
import { parseRow, personShape } from './shapes.ts'
import type { PersonRow, Tables } from './tables.ts'

export class Persons implements PersonStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  insert(person: PersonRecord): Promise<boolean> {
    return this.#database.write(async (transaction, changed) => {
      const { numInsertedOrUpdatedRows } = await transaction
        .insertInto('people')
        .values(personRow(person))
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow()
      if (numInsertedOrUpdatedRows !== 1n) return false
      changed({ kind: 'person', id: person.id, inserted: true })
      return true
    })
  }

  get(id: string): Promise<PersonRecord | null> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('people').selectAll().where('id', '=', id).executeTakeFirst()
      return row ? personOf(row) : null
    })
  }

  list({ name, source, externalId }: Parameters<PersonStore['list']>[0]): Promise<readonly PersonRecord[]> {
    return this.#database.read(async (db) => {
      let query = db.selectFrom('people').selectAll().orderBy('name').orderBy('source')
      if (name !== undefined) query = query.where('name', '=', name)
      if (source !== undefined) query = query.where('source', '=', source)
      if (externalId !== undefined) query = query.where('external_id', '=', externalId)
      return (await query.execute()).map(personOf)
    })
  }

  save(next: PersonRecord): Promise<boolean> {
    return this.#database.write(async (transaction, changed) => {
      if (await isTaken(transaction, next)) return false
      const { numUpdatedRows } = await transaction
        .updateTable('people')
        .set(personRow(next))
        .where('id', '=', next.id)
        .where('version', '=', next.version - 1)
        .executeTakeFirstOrThrow()
      if (numUpdatedRows !== 1n) return false
      changed({ kind: 'person', id: next.id })
      return true
    })
  }

  remove(id: string): Promise<void> {
    return this.#database.write(async (transaction, changed) => {
      await transaction.deleteFrom('people').where('id', '=', id).execute()
      changed({ kind: 'person', id })
    })
  }
}

/** Asked first, because an update that breaks a rule of the table ends its transaction. */
async function isTaken(transaction: Transaction<Tables>, { id, name, source, externalId }: PersonRecord): Promise<boolean> {
  const others = await transaction
    .selectFrom('people')
    .select('id')
    .where('source', '=', source)
    .where((of) => (externalId === null ? of('name', '=', name) : of.or([of('name', '=', name), of('external_id', '=', externalId)])))
    .where('id', '!=', id)
    .execute()
  return others.length > 0
}

export function personRow(person: PersonRecord): PersonRow {
  return { ...columnsOf(person), body: JSON.stringify(person) }
}

export function personOf(row: PersonRow): PersonRecord {
  return parseRow('people', row, personShape, columnsOf)
}

function columnsOf({ id, version, name, source, externalId }: PersonRecord): Omit<PersonRow, 'body'> {
  return { id, version, name, source, external_id: externalId }
}

import type { Database } from './database.ts'
import { parseRow, recordingShape } from './shapes.ts'
import type { RecordingRecord, RecordingStore } from './recording-store.ts'
import type { RecordingRow } from './tables.ts'

export class Recordings implements RecordingStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  insert(recording: RecordingRecord): Promise<boolean> {
    return this.#database.write(async (transaction) => {
      const { numInsertedOrUpdatedRows } = await transaction
        .insertInto('recordings')
        .values(recordingRow(recording))
        .onConflict((conflict) => conflict.column('id').doNothing())
        .executeTakeFirstOrThrow()
      return numInsertedOrUpdatedRows === 1n
    })
  }

  get(session: string): Promise<RecordingRecord | null> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('recordings').selectAll().where('id', '=', session).executeTakeFirst()
      return row ? recordingOf(row) : null
    })
  }

  list({ stage, gateway, user, principal, resource, from, until, endedBefore, after, limit }: Parameters<RecordingStore['list']>[0]) {
    return this.#database.read(async (db) => {
      let query = db.selectFrom('recordings').selectAll().orderBy('started_at', 'desc').orderBy('id', 'desc').limit(limit)
      if (stage !== undefined) query = query.where('stage', '=', stage)
      if (gateway !== undefined) query = query.where('gateway', '=', gateway)
      if (user !== undefined) query = query.where('username', '=', user)
      if (principal !== undefined) query = query.where('principal', '=', principal)
      if (resource !== undefined) query = query.where('resource', '=', resource)
      if (from !== undefined) query = query.where('ended_at', '>=', from)
      if (until !== undefined) query = query.where('started_at', '<=', until)
      if (endedBefore !== undefined) query = query.where('ended_at', '<', endedBefore)
      if (after !== undefined)
        query = query.where((of) =>
          of.or([of('started_at', '<', after.startedAt), of.and([of('started_at', '=', after.startedAt), of('id', '<', after.session)])]),
        )
      return (await query.execute()).map(recordingOf)
    })
  }

  save(next: RecordingRecord): Promise<boolean> {
    return this.#database.write(async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable('recordings')
        .set(recordingRow(next))
        .where('id', '=', next.session)
        .where('version', '=', next.version - 1)
        .executeTakeFirstOrThrow()
      return numUpdatedRows === 1n
    })
  }

  place(gateway: string): Promise<number | null> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('recording_places').selectAll().where('gateway', '=', gateway).executeTakeFirst()
      return row?.seq ?? null
    })
  }

  async setPlace(gateway: string, seq: number): Promise<void> {
    await this.#database.write((transaction) =>
      transaction
        .insertInto('recording_places')
        .values({ gateway, seq })
        .onConflict((conflict) => conflict.column('gateway').doUpdateSet({ seq }))
        .execute(),
    )
  }
}

function recordingRow(recording: RecordingRecord): RecordingRow {
  return { ...columnsOf(recording), body: JSON.stringify(recording) }
}

function recordingOf(row: RecordingRow): RecordingRecord {
  return parseRow('recordings', row, recordingShape, columnsOf)
}

function columnsOf(recording: RecordingRecord): Omit<RecordingRow, 'body'> {
  const { session, version, gateway, user, principal, resource, startedAt, endedAt, stage } = recording
  return { id: session, version, gateway, username: user, principal, resource, started_at: startedAt, ended_at: endedAt, stage }
}

import type { Kysely, Transaction } from 'kysely'
import type { Database } from './database.ts'
import type { RunRecord, RunStore } from './run-store.ts'
import type { RunRow, Tables } from './tables.ts'

export class Runs implements RunStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  of(request: string, limit: number, most: number): Promise<{ readonly count: number; readonly latest: readonly RunRecord[] }> {
    return this.#database.read(async (db) => {
      const own = db.selectFrom('runs').where('request', '=', request)
      const rows = await own.selectAll().orderBy('at', 'desc').orderBy('run', 'desc').limit(limit).execute()
      const latest = rows.map(runOf)
      if (latest.length < limit) return { count: latest.length, latest }
      const counted = await db
        .selectFrom(own.select('run').limit(most).as('some'))
        .select(({ fn }) => fn.countAll<number | bigint>().as('count'))
        .executeTakeFirstOrThrow()
      return { count: Number(counted.count), latest }
    })
  }

  async announce(requests: readonly string[]): Promise<void> {
    await this.#database.write(async (_transaction, changed) => requests.forEach((id) => changed({ kind: 'run', id })))
  }
}

/** Those of a gateway that are not over. */
export async function runningOf(db: Kysely<Tables>, gateway: string): Promise<readonly RunRecord[]> {
  return (await db.selectFrom('runs').selectAll().where('gateway', '=', gateway).where('is_over', '=', 0).execute()).map(runOf)
}

/** What is over stays as it is, however often it is told again. */
export async function tellRuns(transaction: Transaction<Tables>, runs: readonly RunRecord[]): Promise<void> {
  if (runs.length === 0) return
  await transaction
    .insertInto('runs')
    .values(runs.map(rowOf))
    .onConflict((conflict) =>
      conflict
        .columns(['request', 'run'])
        .doUpdateSet((eb) => ({ outcome: eb.ref('excluded.outcome'), is_over: eb.ref('excluded.is_over') }))
        .where('runs.is_over', '=', 0),
    )
    .execute()
}

export function rowOf({ isOver, ...run }: RunRecord): RunRow {
  return { ...run, is_over: isOver ? 1 : 0 }
}

export function runOf({ is_over, ...run }: RunRow): RunRecord {
  return { ...run, isOver: is_over === 1 }
}

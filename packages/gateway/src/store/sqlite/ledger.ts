import { realpathSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { lastOfEach } from '../ledger.ts'
import { unavailable } from '../patience.ts'
import type { RunRecord } from '../run-store.ts'
import { runOf } from '../runs.ts'
import type { LedgerStore, StoredEntry, StoredHead } from '../store.ts'
import { connect, databasePath } from './file.ts'

const INSERT = 'insert into ledger (gateway, seq, line) values (?, ?, ?) on conflict (gateway, seq) do nothing'
const INSERT_HEAD =
  'insert into ledger_heads (gateway, seq, hash, key, signature) values (?, ?, ?, ?, ?) ' +
  'on conflict (gateway, seq) do update set hash = excluded.hash, key = excluded.key, signature = excluded.signature'
const READ = 'select gateway, seq, line from ledger where gateway = ? and seq >= ? order by seq limit ?'
/** Of the first gateway after the one that is given. */
const HEAD = 'select gateway, seq from ledger where gateway = (select min(gateway) from ledger where gateway > ?) order by seq desc limit 1'
const SIGNED_HEADS = 'select gateway, seq, hash, key, signature from ledger_heads where gateway = ? and seq >= ? order by seq limit ?'

const INSERT_RUN =
  'insert into runs (request, run, gateway, at, started, outcome, is_over) values (?, ?, ?, ?, ?, ?, ?) ' +
  'on conflict (request, run) do update set outcome = excluded.outcome, is_over = excluded.is_over where runs.is_over = 0'
const RUNNING = 'select request, run, gateway, at, started, outcome, is_over from runs where gateway = ? and is_over = 0'

const entryRow = z.strictObject({ gateway: z.string(), seq: z.int(), line: z.string() })
const headRow = entryRow.omit({ line: true })
const signedRow = headRow.extend({ hash: z.string(), key: z.string(), signature: z.string() })
const runRow = z.strictObject({
  request: z.string(),
  run: z.string(),
  gateway: z.string(),
  at: z.int(),
  started: z.int(),
  outcome: z.int().nullable(),
  is_over: z.int(),
})

/**
 * The ledger of the embedded store for a thread that has nothing else to do and may be blocked: a batch costs half of what
 * it does through a query builder and a second thread (measured, decision 13).
 */
export class SqliteLedger implements LedgerStore {
  readonly #database: DatabaseSync

  /** The process has the store in `data` open already, so its tables are there. Throws StoreUnavailable. */
  constructor(data: string) {
    this.#database = asking(() => connect(databasePath(realpathSync(data))))
  }

  async append(entries: readonly StoredEntry[], head?: StoredHead | null, runs: readonly RunRecord[] = []): Promise<void> {
    asking(() => {
      const insert = this.#database.prepare(INSERT)
      this.#database.exec('begin immediate')
      try {
        for (const { gateway, seq, line } of entries) insert.run(gateway, seq, line)
        if (runs.length > 0) this.#tell(runs)
        if (head) this.#database.prepare(INSERT_HEAD).run(head.gateway, head.seq, head.hash, head.key, head.signature)
        this.#database.exec('commit')
      } finally {
        if (this.#database.isTransaction) this.#database.exec('rollback')
      }
    })
  }

  async read(gateway: string, from: number, limit: number): Promise<readonly StoredEntry[]> {
    return asking(() => z.array(entryRow).parse(this.#database.prepare(READ).all(gateway, from, limit)))
  }

  async heads(): Promise<readonly { readonly gateway: string; readonly seq: number }[]> {
    return lastOfEach(async (after) => asking(() => headRow.optional().parse(this.#database.prepare(HEAD).get(after))))
  }

  async running(gateway: string): Promise<readonly RunRecord[]> {
    return asking(() => z.array(runRow).parse(this.#database.prepare(RUNNING).all(gateway)).map(runOf))
  }

  async signedHeads(gateway: string, from: number, limit: number): Promise<readonly StoredHead[]> {
    return asking(() => z.array(signedRow).parse(this.#database.prepare(SIGNED_HEADS).all(gateway, from, limit)))
  }

  async close(): Promise<void> {
    asking(() => this.#database.close())
  }

  #tell(runs: readonly RunRecord[]): void {
    const insert = this.#database.prepare(INSERT_RUN)
    for (const { request, run, gateway, at, started, outcome, isOver } of runs) insert.run(request, run, gateway, at, started, outcome, isOver ? 1 : 0)
  }
}

function asking<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw unavailable(error)
  }
}

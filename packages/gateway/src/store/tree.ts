import type { Kysely, Transaction } from 'kysely'
import { z } from 'zod'
import type { Database } from './database.ts'
import { lastOfEach } from './ledger.ts'
import { type Growth, type Leaf, type Run, type StoredCheckpoint, StoreUnavailable, type Tile, type TreeState, type TreeStore } from './store.ts'
import type { Tables } from './tables.ts'

/** Runs in one question for their entries: three parameters each, and one branch of an OR that both databases answer by index. */
const RUNS_ASKED = 100
/** Rows in one statement: few shapes of it, and far fewer parameters than either database takes. */
const ROWS = 100
const HASH_BYTES = 32
/** Rows that one checkpoint takes out, of each chain. */
const HEADS_AT_ONCE = 10_000

const count = z.int().min(0)
const stateShape = z.strictObject({
  origin: z.string().regex(/^countersign\/tree-[0-9a-f]{10}$/),
  size: count,
  term: count,
  holder: z.string().nullable(),
  beat: count,
})
const tileShape = z.base64().transform((text) => Buffer.from(text, 'base64'))

export class Tree implements TreeStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  state(): Promise<TreeState> {
    return this.#database.read(stateOf)
  }

  take(holder: string, { term, beat }: TreeState): Promise<TreeState | null> {
    return this.#database.write(async (transaction) => {
      const taken = await changed(transaction, { term: term + 1, holder, beat: beat + 1 }, { term, beat })
      return taken ? stateOf(transaction) : null
    })
  }

  renew(term: number): Promise<boolean> {
    return this.#database.write((transaction) => beats(transaction, term))
  }

  async release(term: number): Promise<void> {
    await this.#database.write((transaction) => changed(transaction, { holder: null }, { term }))
  }

  extend({ term, from, to, runs, tiles, keyLeaves }: Growth): Promise<boolean> {
    return this.#database.write(async (transaction) => {
      if (!(await beats(transaction, term, from))) return false
      await changed(transaction, { size: to }, { term })
      await insertRuns(transaction, runs)
      await insertTiles(transaction, tiles)
      if (keyLeaves.length > 0)
        await transaction
          .insertInto('key_leaves')
          .values(keyLeaves.map((leaf) => ({ leaf })))
          .execute()
      return true
    })
  }

  tails(size: number): Promise<readonly Run[]> {
    return this.#database.read((db) => tailsOf(db, size))
  }

  keyLeaves(): Promise<readonly number[]> {
    return this.#database.read(async (db) => (await db.selectFrom('key_leaves').selectAll().orderBy('leaf').execute()).map(({ leaf }) => leaf))
  }

  read(from: number, limit: number): Promise<readonly Leaf[]> {
    return this.#database.read(async (db) => {
      const runs = (await runsBetween(db, from, from + limit)).map((run) => clipped(run, from, from + limit))
      const leaves: Leaf[] = []
      for (let start = 0; start < runs.length; start += RUNS_ASKED) leaves.push(...(await entriesOf(db, runs.slice(start, start + RUNS_ASKED))))
      return leaves
    })
  }

  indexOf(gateway: string, seq: number): Promise<number | null> {
    return this.#database.read(async (db) => {
      const run = await db
        .selectFrom('tree_runs')
        .selectAll()
        .where('gateway', '=', gateway)
        .where('seq', '<=', seq)
        .orderBy('seq', 'desc')
        .limit(1)
        .executeTakeFirst()
      return run && seq < run.seq + run.count ? run.start + seq - run.seq : null
    })
  }

  tile(level: number, n: number): Promise<Uint8Array | null> {
    return this.#database.read(async (db) => {
      const row = await db.selectFrom('tiles').select('hashes').where('level', '=', level).where('n', '=', n).executeTakeFirst()
      return row ? tileOf(row.hashes, level, n) : null
    })
  }

  addCheckpoint(term: number, { size, at, note }: StoredCheckpoint): Promise<boolean> {
    return this.#database.write(async (transaction) => {
      if (!(await beats(transaction, term))) return false
      const { numInsertedOrUpdatedRows } = await transaction
        .insertInto('checkpoints')
        .values({ size, at, note })
        .onConflict((conflict) => conflict.column('size').doNothing())
        .executeTakeFirstOrThrow()
      if (numInsertedOrUpdatedRows !== 1n) return false
      for (const { gateway, seq, count } of await tailsOf(transaction, size)) await forgetHeads(transaction, gateway, seq + count - 1)
      return true
    })
  }

  cosign({ size, note }: StoredCheckpoint, before: string): Promise<boolean> {
    return this.#database.write(async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable('checkpoints')
        .set({ note })
        .where('size', '=', size)
        .where('note', '=', before)
        .executeTakeFirstOrThrow()
      return numUpdatedRows === 1n
    })
  }

  checkpoint(atMost = Number.MAX_SAFE_INTEGER): Promise<StoredCheckpoint | null> {
    return this.#database.read(async (db) => {
      const newest = db.selectFrom('checkpoints').selectAll().where('size', '<=', atMost).orderBy('size', 'desc').limit(1)
      return (await newest.executeTakeFirst()) ?? null
    })
  }

  checkpointCovering(size: number): Promise<StoredCheckpoint | null> {
    return this.#database.read(async (db) => {
      const oldest = db.selectFrom('checkpoints').selectAll().where('size', '>=', size).orderBy('size').limit(1)
      return (await oldest.executeTakeFirst()) ?? null
    })
  }
}

async function stateOf(db: Kysely<Tables>): Promise<TreeState> {
  const row = await db.selectFrom('tree').select(['origin', 'size', 'term', 'holder', 'beat']).executeTakeFirst()
  const state = stateShape.safeParse(row)
  if (!state.success) throw new StoreUnavailable(`the store's table tree is not what a gateway wrote: ${z.prettifyError(state.error)}`)
  return state.data
}

/** Changes the one row where it is as it was seen. The row is then locked: whoever else compares waits until this is committed. */
async function changed(
  transaction: Transaction<Tables>,
  set: Partial<Tables['tree']>,
  seen: { readonly term: number; readonly beat?: number },
): Promise<boolean> {
  let query = transaction.updateTable('tree').set(set).where('id', '=', 1).where('term', '=', seen.term)
  if (seen.beat !== undefined) query = query.where('beat', '=', seen.beat)
  return (await query.executeTakeFirstOrThrow()).numUpdatedRows === 1n
}

async function beats(transaction: Transaction<Tables>, term: number, size?: number): Promise<boolean> {
  let query = transaction
    .updateTable('tree')
    .set((row) => ({ beat: row('beat', '+', 1) }))
    .where('id', '=', 1)
    .where('term', '=', term)
    .where('holder', 'is not', null)
  if (size !== undefined) query = query.where('size', '=', size)
  return (await query.executeTakeFirstOrThrow()).numUpdatedRows === 1n
}

async function insertRuns(transaction: Transaction<Tables>, runs: readonly Run[]): Promise<void> {
  for (let from = 0; from < runs.length; from += ROWS) {
    await transaction
      .insertInto('tree_runs')
      .values(runs.slice(from, from + ROWS).map(({ start, gateway, seq, count }) => ({ start, gateway, seq, count })))
      .onConflict((conflict) =>
        conflict
          .column('start')
          .doUpdateSet((row) => ({ gateway: row.ref('excluded.gateway'), seq: row.ref('excluded.seq'), count: row.ref('excluded.count') })),
      )
      .execute()
  }
}

async function insertTiles(transaction: Transaction<Tables>, tiles: readonly Tile[]): Promise<void> {
  for (let from = 0; from < tiles.length; from += ROWS) {
    await transaction
      .insertInto('tiles')
      .values(tiles.slice(from, from + ROWS).map(({ level, n, hashes }) => ({ level, n, hashes: Buffer.from(hashes).toString('base64') })))
      .onConflict((conflict) => conflict.columns(['level', 'n']).doUpdateSet((row) => ({ hashes: row.ref('excluded.hashes') })))
      .execute()
  }
}

async function tailsOf(db: Kysely<Tables>, size: number): Promise<readonly Run[]> {
  const runs = await lastOfEach((after) => {
    const within = db.selectFrom('tree_runs').where('start', '<', size)
    const next = within.select(({ fn }) => fn.min('gateway').as('gateway')).where('gateway', '>', after)
    return within.selectAll().where('gateway', '=', next).orderBy('seq', 'desc').limit(1).executeTakeFirst()
  })
  return runs.map((run) => clipped(run, 0, size))
}

/**
 * A head vouches for all before it, so that of those under a checkpoint each chain's last is enough; there is one for each batch of a drain. The
 * oldest first, and not all at once: who comes from a version that kept them has millions.
 */
async function forgetHeads(transaction: Transaction<Tables>, gateway: string, last: number): Promise<void> {
  const own = transaction.selectFrom('ledger_heads').where('gateway', '=', gateway)
  const enough = own.select(({ fn }) => fn.max('seq').as('seq')).where('seq', '<=', last)
  const needless = own.select('seq').where('seq', '<', enough).orderBy('seq').limit(HEADS_AT_ONCE)
  await transaction.deleteFrom('ledger_heads').where('gateway', '=', gateway).where('seq', 'in', needless).execute()
}

async function runsBetween(db: Kysely<Tables>, from: number, to: number): Promise<readonly Run[]> {
  const first = db.selectFrom('tree_runs').select('start').where('start', '<=', from).orderBy('start', 'desc').limit(1)
  const runs = db.selectFrom('tree_runs').selectAll().where('start', '>=', first).where('start', '<', to).orderBy('start')
  return (await runs.execute()).filter(({ start, count }) => start + count > from)
}

function clipped({ start, gateway, seq, count }: Run, from: number, to: number): Run {
  const skipped = Math.max(from - start, 0)
  return { start: start + skipped, gateway, seq: seq + skipped, count: Math.min(start + count, to) - start - skipped }
}

async function entriesOf(db: Kysely<Tables>, runs: readonly Run[]): Promise<readonly Leaf[]> {
  const wanted = db
    .selectFrom('ledger')
    .selectAll()
    .where((eb) => eb.or(runs.map(({ gateway, seq, count }) => eb.and([eb('gateway', '=', gateway), eb('seq', '>=', seq), eb('seq', '<', seq + count)]))))
  const byPlace = new Map((await wanted.execute()).map((entry) => [`${entry.gateway} ${entry.seq}`, entry]))
  return runs.flatMap(({ start, gateway, seq, count }) =>
    Array.from({ length: count }, (_, offset) => ({ index: start + offset, entry: byPlace.get(`${gateway} ${seq + offset}`) })).flatMap(({ index, entry }) =>
      entry ? [{ index, ...entry }] : [],
    ),
  )
}

function tileOf(text: string, level: number, n: number): Uint8Array {
  const hashes = tileShape.safeParse(text)
  const width = hashes.success ? hashes.data.length / HASH_BYTES : 0
  if (hashes.success && Number.isInteger(width) && width >= 1 && width <= 256) return hashes.data
  throw new StoreUnavailable(`tile ${level}/${n} of the store is not what a gateway wrote, so it is not used; restore it, or verify an export of the tree`)
}

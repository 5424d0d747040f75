import { encodeBundle, encodeLines } from '@countersign/ledger/bundle'
import { parseCheckpoint } from '@countersign/ledger/checkpoint'
import { LedgerError } from '@countersign/ledger/error'
import type { SignedHead } from '@countersign/ledger/gateway-key'
import { formatHeads, HEADS_PATH } from '@countersign/ledger/heads'
import type { ChainEntry } from '@countersign/ledger/log'
import { HASH_BYTES } from '@countersign/ledger/merkle'
import { parseNote } from '@countersign/ledger/note'
import type { ReadFile } from '@countersign/ledger/problem'
import { parseTilePath, TILE_WIDTH } from '@countersign/ledger/tiles'
import type { Row, StoredRows } from './stored-rows.ts'

/** The tree in a store: the files of a static log, without a gateway, and what is in the store beyond them. */
export interface StoredLog {
  readonly read: ReadFile
  /** The entries that the last checkpoint does not have, each chain's in order. */
  beyond(): AsyncIterable<ChainEntry>
  /** The last entry of a chain that the gateway's key signed, whichever key that was. Null: none. */
  head(gateway: string): Promise<SignedHead | null>
}

/** Rows in one question. */
const ROWS = 1000

/**
 * `remembered` is the checkpoint in the data directory. A gateway keeps it there before the store has it, and may have been killed in between: then it is the last one,
 * provided that the store has all of its leaves.
 */
export async function openStoredLog(rows: StoredRows, remembered: Uint8Array | null): Promise<StoredLog> {
  const stored = await lastNote(rows)
  const [known, size] = [stored ? sizeOf(stored) : 0, remembered ? sizeOf(remembered) : 0]
  const note = known > 0 && size > known && size <= (await leavesIn(rows)) ? remembered : stored
  return {
    read: (file) => (file === 'checkpoint' ? Promise.resolve(note) : fileIn(rows, note, file)),
    beyond: () => beyond(rows, note),
    head: async (gateway) => (await headsOf(rows, gateway, 'ORDER BY seq DESC LIMIT 1')).at(0) ?? null,
  }
}

/** Of a note that is none: nothing, and verifying the log says so. */
function sizeOf(note: Uint8Array): number {
  try {
    return parseCheckpoint(parseNote(note).text).size
  } catch (error) {
    if (error instanceof LedgerError) return 0
    throw error
  }
}

async function leavesIn(rows: StoredRows): Promise<number> {
  const [last] = await rows.all('SELECT * FROM tree_runs ORDER BY start DESC LIMIT 1')
  return last ? runOf(last).end : 0
}

/** A store that has nothing in it. */
export const NO_LOG: StoredLog = { read: () => Promise.resolve(null), beyond: async function* () {}, head: () => Promise.resolve(null) }

async function fileIn(rows: StoredRows, note: Uint8Array | null, file: string): Promise<Uint8Array | null> {
  if (file === HEADS_PATH) return Buffer.from(formatHeads(await heads(rows, note)))
  const asked = parseTilePath(file)
  if (!asked) return null
  if (asked.kind === 'hashes') return tileIn(rows, asked.level, asked.n, asked.width)
  const entries = await entriesIn(rows, asked.n * TILE_WIDTH, asked.width)
  if (entries.length < asked.width) return null
  return asked.kind === 'lines' ? encodeLines(entries) : bundle(entries)
}

/** Null for entries that are too long for a bundle: then there is `tile/lines/`. */
function bundle(entries: readonly Uint8Array[]): Uint8Array | null {
  try {
    return encodeBundle(entries)
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'too-long') return null
    throw error
  }
}

async function lastNote(rows: StoredRows): Promise<Uint8Array | null> {
  const [row] = await rows.all('SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1')
  return row ? Buffer.from(String(row['note'])) : null
}

async function tileIn(rows: StoredRows, level: number, n: number, width: number): Promise<Uint8Array | null> {
  const [row] = await rows.all('SELECT hashes FROM tiles WHERE level = ? AND n = ?', level, n)
  const bytes = row && Buffer.from(String(row['hashes']), 'base64')
  return bytes && bytes.length >= width * HASH_BYTES ? bytes.subarray(0, width * HASH_BYTES) : null
}

/** Leaves `from` and on, as far as they stand in a row. */
async function entriesIn(rows: StoredRows, from: number, count: number): Promise<readonly Uint8Array[]> {
  const to = from + count
  const first = '(SELECT max(start) FROM tree_runs WHERE start <= ?)'
  const entries: Uint8Array[] = []
  for (const row of await rows.all(`SELECT * FROM tree_runs WHERE start >= ${first} AND start < ? ORDER BY start`, from, to)) {
    const { start, gateway, seq, end } = runOf(row)
    const [begin, last] = [Math.max(start, from), Math.min(end, to)]
    if (begin < last) entries.push(...(await linesOf(rows, gateway, seq + begin - start, last - begin)).map(({ bytes }) => bytes))
  }
  return entries
}

async function linesOf(rows: StoredRows, gateway: string, from: number, limit: number): Promise<readonly ChainEntry[]> {
  const found = await rows.all('SELECT seq, line FROM ledger WHERE gateway = ? AND seq >= ? ORDER BY seq LIMIT ?', gateway, from, limit)
  return found.map(({ seq, line }) => ({ gateway, seq: Number(seq), bytes: Buffer.from(String(line)) }))
}

const runOf = ({ start, gateway, seq, count }: Row) => ({
  start: Number(start),
  gateway: String(gateway),
  seq: Number(seq),
  end: Number(start) + Number(count),
})

/** Of each chain in the tree, the last entry that the last checkpoint has. */
async function lastInTree(rows: StoredRows, note: Uint8Array | null): Promise<ReadonlyMap<string, number>> {
  const size = note ? sizeOf(note) : 0
  const last = 'max(CASE WHEN start + count > ? THEN seq + (? - start) ELSE seq + count END) - 1'
  const found = await rows.all(`SELECT gateway, ${last} AS seq FROM tree_runs WHERE start < ? GROUP BY gateway ORDER BY gateway`, size, size, size)
  return new Map(found.map(({ gateway, seq }) => [String(gateway), Number(seq)]))
}

/** Of each chain in the tree, the last head that the last checkpoint covers; and of each chain, all that come after it. */
async function heads(rows: StoredRows, note: Uint8Array | null): Promise<readonly SignedHead[]> {
  const last = await lastInTree(rows, note)
  const found: SignedHead[] = []
  for (const [gateway, seq] of last) found.push(...(await headsOf(rows, gateway, 'AND seq <= ? ORDER BY seq DESC LIMIT 1', seq)))
  for await (const gateway of chainsIn(rows, 'ledger_heads')) found.push(...(await headsOf(rows, gateway, 'AND seq > ? ORDER BY seq', last.get(gateway) ?? 0)))
  return found
}

async function* beyond(rows: StoredRows, note: Uint8Array | null): AsyncGenerator<ChainEntry> {
  const last = await lastInTree(rows, note)
  for await (const gateway of chainsIn(rows, 'ledger')) {
    for (let next: number | undefined = (last.get(gateway) ?? 0) + 1; next !== undefined;) {
      const page: readonly ChainEntry[] = await linesOf(rows, gateway, next, ROWS)
      yield* page
      next = page.length < ROWS ? undefined : (page.at(-1)?.seq ?? 0) + 1
    }
  }
}

/** By one look at an index for each of them. */
async function* chainsIn(rows: StoredRows, table: 'ledger' | 'ledger_heads'): AsyncGenerator<string> {
  for (let name: unknown = ''; typeof name === 'string';) {
    const [row]: readonly Row[] = await rows.all(`SELECT min(gateway) AS gateway FROM ${table} WHERE gateway > ?`, name)
    name = row?.['gateway']
    if (typeof name === 'string') yield name
  }
}

async function headsOf(rows: StoredRows, gateway: string, which: string, ...parameters: readonly number[]): Promise<readonly SignedHead[]> {
  const found = await rows.all(`SELECT seq, hash, key, signature FROM ledger_heads WHERE gateway = ? ${which}`, gateway, ...parameters)
  return found.map(({ seq, hash, key, signature }) => ({
    gateway,
    seq: Number(seq),
    hash: String(hash),
    key: String(key),
    signature: String(signature),
  }))
}

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { encodeBundle, encodeLines } from '@countersign/ledger/bundle'
import { parseCheckpoint } from '@countersign/ledger/checkpoint'
import { LedgerError } from '@countersign/ledger/error'
import type { SignedHead } from '@countersign/ledger/gateway-key'
import { formatHeads, HEADS_PATH } from '@countersign/ledger/heads'
import { HASH_BYTES } from '@countersign/ledger/merkle'
import { parseNote } from '@countersign/ledger/note'
import type { ReadFile } from '@countersign/ledger/problem'
import { parseTilePath, TILE_WIDTH } from '@countersign/ledger/tiles'

/** The tree of a gateway whose store is SQLite, as its file has it at one moment: the files of a static log, without a gateway. */
export interface StoredLog {
  readonly read: ReadFile
  /** The last entry of a chain that the gateway's key signed, whichever key that was. Null: none. */
  head(gateway: string): SignedHead | null
  close(): void
}

type Row = Readonly<Record<string, SQLOutputValue>>

/** Null where the data directory has no such file, or one from before there was a tree: the store is another, or the gateway has never run. */
export function openStoredLog(data: string): StoredLog | null {
  const path = join(data, 'countersign.db')
  if (!existsSync(path)) return null
  const database = new DatabaseSync(path, { readOnly: true })
  const close = () => database.close()
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE name IN ('tree_runs', 'tiles', 'checkpoints', 'ledger_heads')").all()
  if (tables.length === 4) {
    database.exec('BEGIN') // a gateway may be writing: what is read is of one moment
    return { read: (file) => Promise.resolve(fileIn(database, file)), head: (gateway) => headOf(database, gateway, Number.MAX_SAFE_INTEGER), close }
  }
  close()
  return null
}

function fileIn(database: DatabaseSync, file: string): Uint8Array | null {
  if (file === 'checkpoint') return noteIn(database)
  if (file === HEADS_PATH) return Buffer.from(formatHeads(heads(database)))
  const asked = parseTilePath(file)
  if (!asked) return null
  if (asked.kind === 'hashes') return tileIn(database, asked.level, asked.n, asked.width)
  const entries = entriesIn(database, asked.n * TILE_WIDTH, asked.width)
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

function noteIn(database: DatabaseSync): Uint8Array | null {
  const row = database.prepare('SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1').get()
  return row ? Buffer.from(String(row['note'])) : null
}

function tileIn(database: DatabaseSync, level: number, n: number, width: number): Uint8Array | null {
  const row = database.prepare('SELECT hashes FROM tiles WHERE level = ? AND n = ?').get(level, n)
  const bytes = row && Buffer.from(String(row['hashes']), 'base64')
  return bytes && bytes.length >= width * HASH_BYTES ? bytes.subarray(0, width * HASH_BYTES) : null
}

/** Leaves `from` and on, as far as they stand in a row. */
function entriesIn(database: DatabaseSync, from: number, count: number): readonly Uint8Array[] {
  const runs = database.prepare('SELECT * FROM tree_runs WHERE start < ? AND start + count > ? ORDER BY start').all(from + count, from)
  const lines = database.prepare('SELECT line FROM ledger WHERE gateway = ? AND seq >= ? ORDER BY seq LIMIT ?')
  return runs.flatMap((run) => {
    const { start, gateway, seq, end } = runOf(run)
    const [first, last] = [Math.max(start, from), Math.min(end, from + count)]
    return lines.all(gateway, seq + first - start, last - first).map(({ line }) => Buffer.from(String(line)))
  })
}

const runOf = ({ start, gateway, seq, count }: Row) => ({
  start: Number(start),
  gateway: String(gateway),
  seq: Number(seq),
  end: Number(start) + Number(count),
})

/** Of each chain in the tree, the last head that the last checkpoint covers. */
function heads(database: DatabaseSync): readonly SignedHead[] {
  const note = noteIn(database)
  const size = note ? parseCheckpoint(parseNote(note).text).size : 0
  const last = new Map<string, number>()
  for (const run of database.prepare('SELECT * FROM tree_runs WHERE start < ? ORDER BY start').all(size)) {
    const { start, gateway, seq, end } = runOf(run)
    last.set(gateway, seq + Math.min(end, size) - start - 1)
  }
  return [...last].flatMap(([gateway, seq]) => headOf(database, gateway, seq) ?? [])
}

function headOf(database: DatabaseSync, gateway: string, atMost: number): SignedHead | null {
  const row = database.prepare('SELECT * FROM ledger_heads WHERE gateway = ? AND seq <= ? ORDER BY seq DESC LIMIT 1').get(gateway, atMost)
  if (!row) return null
  return { gateway, seq: Number(row['seq']), hash: String(row['hash']), key: String(row['key']), signature: String(row['signature']) }
}

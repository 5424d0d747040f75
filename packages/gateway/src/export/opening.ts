import { createSecretKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseEntry } from '@countersign/ledger/entry'
import { LedgerError } from '@countersign/ledger/error'
import { eventsOf, keysNeeded, openEvents } from '@countersign/ledger/group'
import type { DataKey } from '@countersign/ledger/seal'
import { keyPath } from '../journal/files.ts'
import type { Leaf } from '../store/store.ts'
import type { ExportEntry } from './record.ts'

/** Data keys by their id; null for one that is not here, or was erased. */
export type Keys = (id: string) => DataKey | null

/** For an export that may not open anything. */
export const NO_KEYS: Keys = () => null

/** An erased key is not used for longer than this. */
const KEPT_MS = 10_000
/** A key's id comes from the store, and whoever writes there must not choose the file that is read. */
const KEY_ID = /^[A-Za-z0-9-]{1,100}$/

/** The keys in a data directory. */
export function keysIn(data: string, monotonic: () => number): Keys {
  const kept = new Map<string, DataKey | null>()
  let since = monotonic()
  return (id) => {
    if (monotonic() - since >= KEPT_MS) {
      kept.clear()
      since = monotonic()
    }
    const known = kept.get(id)
    if (known !== undefined) return known
    const key = KEY_ID.test(id) ? read(keyPath(data, id), id) : null
    kept.set(id, key)
    return key
  }
}

function read(path: string, id: string): DataKey | null {
  try {
    return { id, key: createSecretKey(readFileSync(path, 'utf8').trim(), 'hex') }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

/**
 * Reads a leaf. Throws LedgerError `unreadable` or `not-canonical` for what no gateway wrote. A text that does not open (its key is elsewhere or
 * erased, or somebody altered it) stays sealed: that it does not is what `verify` is for.
 */
export function openLeaf(leaf: Leaf, keys: Keys): ExportEntry {
  const entry = parseEntry(leaf.line)
  const events = eventsOf(entry)
  const there = keysNeeded(entry).flatMap((id) => keys(id) ?? [])
  const secrets = there.length > 0 ? opened(() => openEvents(entry, new Map(there.map((key) => [key.id, key])))) : []
  return { leaf, entry, events: events.map((event, index) => ({ ...event, secret: secrets[index]?.secret ?? null })) }
}

function opened<T>(open: () => readonly T[]): readonly T[] {
  try {
    return open()
  } catch (error) {
    if (error instanceof LedgerError) return []
    throw error
  }
}

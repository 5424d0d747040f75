import { createSecretKey } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Entry } from '@countersign/ledger/entry'
import { keysNeeded } from '@countersign/ledger/group'
import type { DataKey, Keys } from '@countersign/ledger/seal'

const ID = /^gw-[0-9a-f]{10}(?:-w\d+)?-(?:\d{6,}|person-[0-9a-f]{16})$/
const KEY = /^[0-9a-f]{64}\n?$/

/**
 * The keys of this data directory with which an entry's texts are sealed; those of other gateways are not here, and erased ones are
 * nowhere. The entry comes from the store, so that what it calls a key may be any path.
 */
export function keysFor(directory: string, entry: Entry): Keys {
  return new Map(keysNeeded(entry).flatMap((id) => readKey(directory, id).map((key) => [id, key])))
}

function readKey(directory: string, id: string): DataKey[] {
  const path = join(directory, 'keys', `${id}.key`)
  if (!ID.test(id) || !existsSync(path)) return []
  const content = readFileSync(path, 'utf8')
  return KEY.test(content) ? [{ id, key: createSecretKey(content.trim(), 'hex') }] : []
}

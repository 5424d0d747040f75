import { createSecretKey, randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { DataKey } from '@countersign/ledger/seal'
import { keyPath, type Segment, segmentName, writeDurably } from './files.ts'
import { JournalBroken } from './journal.ts'

const KEY = /^[0-9a-f]{64}\n?$/

/**
 * The key that seals a segment's secrets, made with it. One key a segment: random nonces stay far from their limit, and
 * deleting the file erases that stretch of time for good. On disk before the first entry that needs it.
 */
export function segmentKey(directory: string, segment: Segment): DataKey {
  const id = segmentName(segment)
  const path = keyPath(directory, id)
  if (!existsSync(path)) writeDurably(path, `${randomBytes(32).toString('hex')}\n`)
  return { id, key: createSecretKey(readKey(path), 'hex') }
}

function readKey(path: string): string {
  const content = readFileSync(path, 'utf8')
  if (!KEY.test(content)) throw new JournalBroken(`${path} holds no key (64 hex digits); restore it from a backup, or move it away to start a new one`)
  return content.trim()
}

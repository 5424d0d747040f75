import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Entry } from '@countersign/ledger/entry'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { keysFor } from '../../src/receipts/data-keys.ts'

const home = mkdtempSync(join(tmpdir(), 'countersign-data-keys-'))
const HEX = 'ab'.repeat(32)
beforeAll(() => {
  mkdirSync(join(home, 'data/keys'), { recursive: true })
  for (const name of ['gw-1f0c22aa31-000001', 'gw-1f0c22aa31-w2-000003', 'gw-1f0c22aa31-person-0123456789abcdef'])
    writeFileSync(join(home, 'data/keys', `${name}.key`), `${HEX}\n`)
  writeFileSync(join(home, 'data/keys/gw-1f0c22aa31-000002.key'), 'no key')
  writeFileSync(join(home, 'outside.key'), HEX)
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

const sealedWith = (key: string): Entry => ({
  v: 1,
  gateway: 'gw-1f0c22aa31',
  seq: 1,
  prev: '0'.repeat(64),
  at: 0,
  type: 'request.opened',
  body: {},
  commitment: '0'.repeat(64),
  sealed: { key, nonce: '', data: '' },
})
const found = (key: string) => [...keysFor(join(home, 'data'), sealedWith(key)).keys()]

it.each(['gw-1f0c22aa31-000001', 'gw-1f0c22aa31-w2-000003', 'gw-1f0c22aa31-person-0123456789abcdef'])(
  '%s, which is in the data directory, opens what it sealed',
  (key) => {
    expect(found(key)).toEqual([key])
  },
)

it.each([
  ['that is erased', 'gw-1f0c22aa31-000009'],
  ['of another gateway', 'gw-ffffffffff-000001'],
  ['whose file holds none', 'gw-1f0c22aa31-000002'],
  ['that is a path, as somebody may write into the store', '../../outside'],
  ['that is no name', ''],
])('a key %s leaves the text closed', (_name, key) => {
  expect(found(key)).toEqual([])
})

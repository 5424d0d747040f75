import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Entry } from '../src/entry.ts'
import { headText, rotationText, type SignedHead } from '../src/gateway-key.ts'
import { KeyHistory } from '../src/key-history.ts'

const nameOf = (key: KeyObject) => Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64')
const newKey = () => generateKeyPairSync('ed25519').privateKey
const [first, second, third] = [newKey(), newKey(), newKey()]

const enrolled = (key: KeyObject) => ({ gateway: 'gw-1', type: 'gateway.enrolled', body: { key: nameOf(key) } })
function rotated(by: KeyObject, to: KeyObject, through: Record<string, number>): Pick<Entry, 'gateway' | 'type' | 'body'> {
  const said = { gateway: 'gw-1', key: nameOf(to), through }
  return { gateway: 'gw-1', type: 'gateway.key-rotated', body: { key: said.key, through, signature: sign(null, rotationText(said), by).toString('base64') } }
}
function head(key: KeyObject, seq: number, gateway = 'gw-1'): SignedHead {
  const place = { gateway, seq, hash: 'ab' }
  return { ...place, key: nameOf(key), signature: sign(null, headText(place), key).toString('base64') }
}

describe('the keys of a gateway', () => {
  let keys: KeyHistory

  beforeEach(() => {
    keys = new KeyHistory()
    keys.read(enrolled(first))
  })

  it('begin with the one that was enrolled, which vouches for every chain of that gateway', () => {
    expect(keys.current).toBe(nameOf(first))
    expect(keys.vouchesFor(head(first, 1))).toBe(true)
    expect(keys.vouchesFor(head(first, 10_000, 'gw-1-w2'))).toBe(true)
    expect(keys.vouchesFor(head(second, 1))).toBe(false)
    expect(new KeyHistory().vouchesFor(head(first, 1))).toBe(false)
  })

  it('go on with the one that the one before signed, which vouches for no more than it had by then', () => {
    expect(keys.read(rotated(first, second, { 'gw-1': 40, 'gw-1-w1': 7 }))).toBeNull()
    expect(keys.read(rotated(second, third, { 'gw-1': 90, 'gw-1-w1': 9 }))).toBeNull()
    expect(keys.keys).toEqual([first, second, third].map(nameOf))
    const vouched = (key: KeyObject, chain: string, seqs: readonly number[]) => seqs.map((seq) => keys.vouchesFor(head(key, seq, chain)))
    expect(vouched(first, 'gw-1', [40, 41])).toEqual([true, false])
    expect(vouched(first, 'gw-1-w1', [7, 8])).toEqual([true, false])
    expect(vouched(first, 'gw-1-w2', [1])).toEqual([false])
    expect(vouched(first, '__proto__', [1])).toEqual([false])
    expect(vouched(second, 'gw-1', [90, 91])).toEqual([true, false])
    expect(vouched(third, 'gw-1', [41, 91, 1_000])).toEqual([true, true, true])
  })

  it('go on with no other: who has a key of somebody else, or an old one, changes nothing', () => {
    keys.read(rotated(first, second, {}))
    for (const entry of [
      enrolled(third),
      rotated(third, third, {}),
      rotated(first, third, {}),
      { ...rotated(second, third, {}), gateway: 'gw-2' },
      { gateway: 'gw-1', type: 'gateway.key-rotated', body: {} },
      { ...rotated(second, third, {}), body: { ...rotated(second, third, {}).body, through: { 'gw-1': 1e9 } } },
    ])
      expect(keys.read(entry)).not.toBeNull()
    expect(keys.current).toBe(nameOf(second))
    expect(keys.read({ gateway: 'gw-1', type: 'gateway.started', body: { key: nameOf(third) } })).toBeNull()
    expect(new KeyHistory().read(rotated(first, second, {}))).toBe('it rotates a key where none was enrolled')
  })
})

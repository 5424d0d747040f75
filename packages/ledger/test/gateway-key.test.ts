import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { headText, isSignedBy, isSignedHead } from '../src/gateway-key.ts'

const { privateKey } = generateKeyPairSync('ed25519')
const key = Buffer.from(createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64')
const signed = (head: { gateway: string; seq: number; hash: string }) => ({
  ...head,
  key,
  signature: sign(null, headText(head), privateKey).toString('base64'),
})
const heads = fc.record({ gateway: fc.stringMatching(/^gw-[0-9a-f]{10}$/), seq: fc.integer({ min: 1 }), hash: fc.stringMatching(/^[0-9a-f]{64}$/) })

describe('a signed head', () => {
  it('vouches for one place of one chain, and for nothing else', () => {
    fc.assert(
      fc.property(heads, heads, (head, other) => {
        expect(isSignedHead(signed(head), key)).toBe(true)
        fc.pre(head.gateway !== other.gateway && head.seq !== other.seq && head.hash !== other.hash)
        for (const field of ['gateway', 'seq', 'hash'] as const) expect(isSignedHead({ ...signed(head), [field]: other[field] }, key)).toBe(false)
      }),
    )
  })

  it('is what this text says, which any program can put together', () => {
    expect(Buffer.from(headText({ gateway: 'gw-1', seq: 7, hash: 'ab' })).toString()).toBe('countersign/head/v1\n{"gateway":"gw-1","hash":"ab","seq":7}')
  })

  it('is of the key that is asked for, and of no key that is none', () => {
    const other = Buffer.from(createPublicKey(generateKeyPairSync('ed25519').privateKey).export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64')
    const head = signed({ gateway: 'gw-1', seq: 1, hash: 'ab' })
    expect(isSignedHead(head, other)).toBe(false)
    expect(isSignedHead({ ...head, key: other }, other)).toBe(false)
    fc.assert(fc.property(fc.string(), fc.string(), (none, signature) => !isSignedBy(none, headText(head), signature)))
  })
})

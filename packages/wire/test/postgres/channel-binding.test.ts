import { createHash, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tlsServerEndPoint } from '../../src/postgres/channel-binding.ts'

/** A certificate as far as its signature's algorithm, which is all that counts here. */
const der = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  const content = Buffer.concat(parts)
  const { length } = content
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >>> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...head), content])
}
const oid = (hex: string) => der(6, Buffer.from(hex, 'hex'))
const certificate = (algorithm: Uint8Array, size = 300) => der(0x30, der(0x30, Buffer.alloc(size, 7)), der(0x30, algorithm), der(3, Buffer.alloc(64)))
const digest = (hash: string, bytes: Uint8Array) => createHash(hash).update(bytes).digest()
const pss = (...parameters: readonly Uint8Array[]) => Buffer.concat([oid('2a864886f70d01010a'), der(0x30, ...parameters)])

describe('tls-server-end-point', () => {
  test.each([
    ['MD5 with RSA', oid('2a864886f70d010104'), 'sha256'],
    ['SHA-1 with RSA', oid('2a864886f70d010105'), 'sha256'],
    ['SHA-256 with RSA', oid('2a864886f70d01010b'), 'sha256'],
    ['SHA-384 with RSA', oid('2a864886f70d01010c'), 'sha384'],
    ['SHA-512 with RSA', oid('2a864886f70d01010d'), 'sha512'],
    ['ECDSA with SHA-1', oid('2a8648ce3d0401'), 'sha256'],
    ['ECDSA with SHA-384', oid('2a8648ce3d040303'), 'sha384'],
    ['RSASSA-PSS that names SHA-512', pss(der(0xa0, der(0x30, oid('608648016503040203')))), 'sha512'],
    ['RSASSA-PSS that names nothing, which is SHA-1', pss(), 'sha256'],
  ])('of a certificate signed by %s', (_, algorithm, hash) => {
    for (const size of [10, 200, 3_000]) {
      const bytes = certificate(algorithm, size)
      expect(tlsServerEndPoint(bytes)).toEqual(digest(hash, bytes))
    }
  })

  test('is undefined for Ed25519, which names no hash', () => {
    expect(tlsServerEndPoint(certificate(oid('2b6570')))).toBeNull()
  })

  test('of what is no certificate is null, whatever its lengths say', () => {
    expect(tlsServerEndPoint(generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }))).toBeNull()
    const whole = certificate(oid('2a864886f70d01010b'))
    fc.assert(fc.property(fc.nat(whole.length - 1), (length) => tlsServerEndPoint(whole.subarray(0, length)) === null))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void tlsServerEndPoint(bytes)))
  })
})

import { createCipheriv, createDecipheriv, hash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { canonical } from '../src/canonical.ts'
import { encodeEntry, hashEntry, NO_PREVIOUS, parseEntry, type Entry } from '../src/entry.ts'
import { seal, unseal } from '../src/seal.ts'
import { bodies, chainOf, events, newKey } from './chain.ts'

const key = newKey('k1')
const place = { gateway: 'gw-a', seq: 7 }
const entryWith = (parts: Partial<Entry>): Entry => ({ v: 1, ...place, prev: NO_PREVIOUS, at: 1, type: 'action.decided', body: {}, ...parts })
const sealedEntry = (secret = { text: 'SELECT 1' }) => entryWith(seal(secret, place, key))

describe('a sealed part', () => {
  test('opens with its key to what was sealed', () => {
    fc.assert(
      fc.property(events(1), (list) => {
        const opened = chainOf(list, key).map((line) => {
          const entry = parseEntry(line)
          return entry.sealed ? unseal(entry, key) : null
        })
        expect(opened).toEqual(list.map(({ secret }) => secret && JSON.parse(JSON.stringify(secret))))
      }),
    )
  })

  it('says nothing about the text: the same text has another commitment each time', () => {
    const [one, other] = [sealedEntry(), sealedEntry()]
    expect(one.commitment).not.toBe(other.commitment)
    expect(encodeEntry(one)).not.toContain('SELECT')
    expect(one.commitment).not.toBe(hash('sha256', '{"text":"SELECT 1"}', 'hex'))
  })

  it.each([
    ['another key', (entry: Entry) => unseal(entry, newKey('k1'))],
    ['another place in the chain', (entry: Entry) => unseal({ ...entry, seq: 8 }, key)],
    ['another gateway', (entry: Entry) => unseal({ ...entry, gateway: 'gw-b' }, key)],
    ['a cut tag', (entry: Entry) => unseal(entryWith({ ...entry, sealed: { key: 'k1', nonce: entry.sealed?.nonce ?? '', data: 'AAAA' } }), key)],
  ])('does not open with %s', (_name, open) => {
    expect(() => open(sealedEntry())).toThrow(expect.objectContaining({ code: 'wrong-key' }))
  })

  test('hashes and encrypts canonical JSON', () => {
    fc.assert(
      fc.property(bodies, (secret) => {
        const { sealed, commitment } = seal(secret, place, key)
        const data = Buffer.from(sealed.data, 'base64')
        const decipher = createDecipheriv('aes-256-gcm', key.key, Buffer.from(sealed.nonce, 'base64'))
        decipher.setAAD(Buffer.from(`countersign/sealed/v1\n${canonical(place)}`)).setAuthTag(data.subarray(-16))
        const plain = `${decipher.update(data.subarray(0, -16), undefined, 'utf8')}${decipher.final('utf8')}`
        expect(plain).toBe(canonical(JSON.parse(plain)))
        expect(commitment).toBe(hash('sha256', `countersign/commitment/v1\n${plain}`, 'hex'))
      }),
    )
  })

  it('is held against its commitment', () => {
    const entry = { ...sealedEntry(), commitment: sealedEntry().commitment ?? '' }
    expect(() => unseal(entry, key)).toThrow(expect.objectContaining({ code: 'commitment-mismatch' }))
    expect(() => unseal(entryWith({}), key)).toThrow(expect.objectContaining({ code: 'not-sealed' }))
  })
})

/** Sealed as seal() does, but with a plain text of one's own. */
function sealedBytes(plain: string): Entry {
  const nonce = Buffer.alloc(12)
  const cipher = createCipheriv('aes-256-gcm', key.key, nonce).setAAD(Buffer.from('countersign/sealed/v1\n{"gateway":"gw-a","seq":7}'))
  const data = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  return entryWith({
    commitment: hash('sha256', `countersign/commitment/v1\n${plain}`, 'hex'),
    sealed: { key: 'k1', nonce: nonce.toString('base64'), data: data.toString('base64') },
  })
}

describe('the format of docs/ledger.md', () => {
  it('is what opens', () => {
    expect(unseal(sealedBytes('{"salt":"","secret":{"text":"SELECT 1"}}'), key)).toEqual({ text: 'SELECT 1' })
  })

  it.each(['hello', 'null', '{}', '{"secret":[]}'])('does not open to anything but a secret: %s', (plain) => {
    expect(() => unseal(sealedBytes(plain), key)).toThrow(expect.objectContaining({ code: 'unreadable' }))
  })
})

describe('an entry', () => {
  test('is written as its canonical form, whatever is in it', () => {
    const text = fc.string({ unit: 'grapheme' })
    const sealed = fc.record({ key: text, nonce: text, data: text })
    const entry = fc.record(
      { v: fc.constant(1), gateway: text, seq: fc.nat(), prev: text, at: fc.nat(), type: text, body: bodies, commitment: text, sealed },
      { requiredKeys: ['v', 'gateway', 'seq', 'prev', 'at', 'type', 'body'] },
    )
    fc.assert(
      fc.property(entry, (each) => {
        expect(encodeEntry(each)).toBe(canonical(each))
      }),
    )
  })

  test('has the leaf hash of RFC 6962, over its UTF-8 bytes', () => {
    const line = encodeEntry(entryWith({ body: { name: 'Zoë ☂ 𝒳' } }))
    expect(hashEntry(line)).toBe(hash('sha256', Buffer.concat([Buffer.from([0]), Buffer.from(line)]), 'hex'))
    // RFC 6962's empty leaf, as the Certificate Transparency test suites have it.
    expect(hashEntry('')).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d')
  })

  it.each([
    ['no JSON', 'hello'],
    ['another version', encodeEntry(entryWith({})).replace('"v":1', '"v":2')],
    ['an unknown field', encodeEntry(entryWith({})).replace('{', '{"_":0,')],
    ['sequence 0', encodeEntry(entryWith({ seq: 0 }))],
    ['a commitment to nothing', encodeEntry(entryWith({ commitment: NO_PREVIOUS }))],
    ['a list', '[]'],
    ['null', 'null'],
  ])('is unreadable as %s', (_name, line) => {
    expect(() => parseEntry(line)).toThrow(expect.objectContaining({ code: 'unreadable' }))
  })

  it.each([
    ['white space', (line: string) => `${line} `],
    ['another order', (line: string) => `{"v":1,${line.slice(1).replace(',"v":1', '')}`],
    ['a member twice', (line: string) => line.replace('{', '{"at":2,')],
    ['an escape that is not needed', (line: string) => line.replace('"gw-a"', String.raw`"gw\u002da"`)],
  ])('has one form only: not with %s', (_name, change) => {
    expect(() => parseEntry(change(encodeEntry(entryWith({}))))).toThrow(expect.objectContaining({ code: 'not-canonical' }))
  })
})

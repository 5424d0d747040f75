import { generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { isSigned } from '../src/ed25519.ts'
import { isSignedBy } from '../src/gateway-key.ts'
import { KeyType, verifierKey } from '../src/key.ts'
import { verifyNote } from '../src/note.ts'

interface Vector {
  readonly number: number
  readonly key: string
  readonly sig: string
  readonly msg: string
  readonly flags: readonly string[] | null
}

const hex = (text: string) => Buffer.from(text, 'hex')
const vectors: readonly Vector[] = JSON.parse(gunzipSync(readFileSync(new URL('vectors/ed25519vectors.json.gz', import.meta.url))).toString())

/** Points of mixed order that cancel out are all that is let pass: no list of points could tell them, and their owner alone can sign so. */
const passes = ({ flags }: Vector): boolean => (flags ?? []).every((flag) => flag === 'low_order_component_A' || flag === 'low_order_component_R')

describe('C2SP’s edge cases of Ed25519', () => {
  it('are all there, each with what it tries', () => {
    expect(vectors.length).toBe(914)
    const flags = new Set(vectors.flatMap(({ flags }) => flags ?? []))
    expect([...flags].toSorted()).toEqual(
      ['A', 'R']
        .flatMap((of) => [`low_order_${of}`, `low_order_component_${of}`, `non_canonical_${of}`])
        .concat('low_order_residue', 'reencoded_k')
        .toSorted(),
    )
  })

  // Strict as ed25519-dalek's verify_strict is: no point of small order, no second spelling of a point, no residue.
  it('are signatures only where no point is of small order and nothing is left over', () => {
    const wrong = vectors.filter((vector) => isSigned(hex(vector.key), Buffer.from(vector.msg), hex(vector.sig)) !== passes(vector))
    expect(wrong).toEqual([])
    expect(vectors.filter(passes).length).toBe(43)
  })

  it('are judged alike as the head of a gateway and as the line of a note', () => {
    for (const vector of vectors) {
      const [key, signature] = [hex(vector.key), hex(vector.sig)]
      expect(isSignedBy(key.toString('base64'), Buffer.from(vector.msg), signature.toString('base64'))).toBe(passes(vector))
      const signer = verifierKey('example.com/log', key)
      const note = () => verifyNote({ text: vector.msg, signatures: [{ name: signer.name, id: signer.id, bytes: signature }] }, [signer])
      if (passes(vector)) expect(note()).toEqual([{ key: signer, time: null }])
      else expect(note).toThrow(expect.objectContaining({ code: 'bad-signature' }))
    }
  })
})

describe('a signature', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const key = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
  const text = Buffer.from('a text')
  const signature = sign(null, text, privateKey)

  it('has one spelling: that with the order of the group added to S is none', () => {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n
    const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + order
    const other = Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()])
    expect(isSigned(key, text, signature)).toBe(true)
    expect(isSigned(key, text, other)).toBe(false)
  })

  // The identity as a key: R = S·B is a signature of whatever you like, here with S = 1 and the base point.
  it('is of nobody where anybody could have made it', () => {
    const identity = Buffer.alloc(32)
    identity[0] = 1
    const forged = Buffer.concat([hex(`58${'66'.repeat(31)}`), identity])
    expect(isSigned(identity, text, forged)).toBe(false)
    const witness = verifierKey('witness.example', identity, KeyType.cosignature)
    const bytes = Buffer.concat([Buffer.alloc(8), forged])
    expect(() => verifyNote({ text: 'a text\n', signatures: [{ name: witness.name, id: witness.id, bytes }] }, [witness])).toThrow(
      expect.objectContaining({ code: 'bad-signature' }),
    )
  })

  it.each([0, 31, 32, 33, 63, 65, 96])('of %i bytes is none', (length) => {
    expect(isSigned(key, text, Buffer.alloc(length, 2))).toBe(false)
    expect(isSigned(Buffer.alloc(length === 32 ? 0 : length, 2), text, signature)).toBe(false)
  })
})

import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { formatCheckpoint, parseCheckpoint } from '../src/checkpoint.ts'
import { isSigned } from '../src/ed25519.ts'
import { KeyType, parseKey, verifierKey } from '../src/key.ts'
import { leafHash, rootOf } from '../src/merkle.ts'
import { parseNote, verifyNote } from '../src/note.ts'
import { proveConsistency, proveInclusion, verifyConsistency, verifyInclusion } from '../src/proof.ts'
import { storeOf } from './trees.ts'

interface Merkle {
  readonly entries: string[]
  readonly roots: string[]
  readonly inclusion: { index: number; size: number; proof: string[] }[]
  readonly consistency: { before: number; size: number; proof: string[] }[]
}

interface Logs {
  readonly sumdb: { key: string; notes: string[] }
  readonly sigsum: {
    logKey: string
    witnessKey: string
    message: string
    leaf: { keyHash: string; signature: string }
    index: number
    size: number
    root: string
    signature: string
    cosignatures: [string, string, string][]
    proof: string[]
  }
}

const vectors = (name: string) => readFileSync(new URL(`vectors/${name}.json`, import.meta.url), 'utf8')
const hex = (text = '') => Buffer.from(text, 'hex')
const merkle: Merkle = JSON.parse(vectors('merkle'))
const { sumdb, sigsum }: Logs = JSON.parse(vectors('logs'))

describe('certificate-transparency’s trees and proofs', () => {
  const leaves = merkle.entries.map((entry) => leafHash(hex(entry)))

  it('have the published roots', () => {
    expect(merkle.roots.map((_, size) => Buffer.from(rootOf(leaves.slice(0, size + 1))).toString('hex'))).toEqual(merkle.roots)
  })

  it.each(merkle.inclusion)('prove that entry $index is in the tree of $size, as ours do', async ({ index, size, proof }) => {
    const [leaf, root] = [leaves[index] ?? hex(), hex(merkle.roots[size - 1])]
    expect(verifyInclusion({ index, size, proof: proof.map(hex) }, leaf, root)).toBe(true)
    expect((await proveInclusion((await storeOf(leaves)).read, index, size)).proof.map((one) => Buffer.from(one).toString('hex'))).toEqual(proof)
    // What their own test tries.
    for (const other of [index - 1, index + 1, index ^ 2]) expect(verifyInclusion({ index: other, size, proof: proof.map(hex) }, leaf, root)).toBe(false)
    for (const other of [size * 2, Math.floor(size / 2)]) expect(verifyInclusion({ index, size: other, proof: proof.map(hex) }, leaf, root)).toBe(false)
  })

  it.each(merkle.consistency)('prove that the tree of $before grew into that of $size, as ours do', async ({ before, size, proof }) => {
    const roots = [hex(merkle.roots[before - 1]), hex(merkle.roots[size - 1])] as const
    expect(verifyConsistency({ before, size, proof: proof.map(hex) }, ...roots)).toBe(true)
    expect((await proveConsistency((await storeOf(leaves)).read, before, size)).proof.map((one) => Buffer.from(one).toString('hex'))).toEqual(proof)
    if (before === size) return
    for (const other of [before - 1, before + 1, before ^ 2]) expect(verifyConsistency({ before: other, size, proof: proof.map(hex) }, ...roots)).toBe(false)
    for (const other of [size * 2, Math.floor(size / 2)]) expect(verifyConsistency({ before, size: other, proof: proof.map(hex) }, ...roots)).toBe(false)
  })
})

describe('the Go checksum database', () => {
  const key = parseKey(sumdb.key)

  it.each(sumdb.notes)('signed %j', (text) => {
    const note = parseNote(text)
    expect(verifyNote(note, [key])).toEqual([{ key, time: null }])
    expect(formatCheckpoint(parseCheckpoint(note.text))).toBe(note.text)
    expect(() => verifyNote({ ...note, text: note.text.replace('\n', '0\n') }, [key])).toThrow(expect.objectContaining({ code: 'bad-signature' }))
  })
})

describe('the Sigsum test log', () => {
  const origin = `sigsum.org/v1/tree/${hash('sha256', hex(sigsum.logKey))}`
  const text = formatCheckpoint({ origin, size: sigsum.size, root: hex(sigsum.root), extensions: [] })

  it('signed a checkpoint', () => {
    const key = verifierKey(origin, hex(sigsum.logKey))
    const signature = { name: key.name, id: key.id, bytes: hex(sigsum.signature) }
    expect(verifyNote({ text, signatures: [signature] }, [key])).toEqual([{ key, time: null }])
  })

  it('has a witness that cosigned it', () => {
    const key = verifierKey('poc.sigsum.org/nisse', hex(sigsum.witnessKey), KeyType.cosignature)
    const [, time = '', signature] = sigsum.cosignatures.find(([keyHash]) => keyHash === hash('sha256', hex(sigsum.witnessKey))) ?? []
    const seconds = Buffer.alloc(8)
    seconds.writeBigUInt64BE(BigInt(time))
    const bytes = Buffer.concat([seconds, hex(signature)])
    expect(verifyNote({ text, signatures: [{ name: key.name, id: key.id, bytes }] }, [key])).toEqual([{ key, time: Number(time) }])
    expect(isSigned(key.publicKey, Buffer.from(text), hex(signature))).toBe(false)
  })

  it('proves that it has the leaf that somebody submitted', () => {
    const { message, leaf, index, size, root, proof } = sigsum
    const bytes = Buffer.concat([hash('sha256', hex(message), 'buffer'), hex(leaf.signature), hex(leaf.keyHash)])
    expect(verifyInclusion({ index, size, proof: proof.map(hex) }, leafHash(bytes), hex(root))).toBe(true)
    expect(verifyInclusion({ index: index - 1, size, proof: proof.map(hex) }, leafHash(bytes), hex(root))).toBe(false)
  })
})

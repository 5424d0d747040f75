import { generateKeyPairSync, sign } from 'node:crypto'
import { encodeBundle, encodeLines } from '../src/bundle.ts'
import { encodeBase64 } from '../src/base64.ts'
import { formatCheckpoint } from '../src/checkpoint.ts'
import { encodeEntry, type Entry, hashEntry, NO_PREVIOUS } from '../src/entry.ts'
import { headText, rotationText, type SignedHead } from '../src/gateway-key.ts'
import { formatHeads } from '../src/heads.ts'
import { type Signer, type VerifierKey, verifierKey } from '../src/key.ts'
import { leafHash, rootOf } from '../src/merkle.ts'
import { formatNote, signNote } from '../src/note.ts'
import { bundlePath, changedTiles, linesPath, TILE_WIDTH, tilePath, tileWidth } from '../src/tiles.ts'
import type { ReadFile } from '../src/problem.ts'
import { storeOf } from './trees.ts'

export const ORIGIN = 'countersign/tree-0123456789'

export function newSigner(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  return { publicKey: Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'), sign: (bytes) => sign(null, bytes, privateKey) }
}

export const keyOf = (signer: Signer): VerifierKey => verifierKey(ORIGIN, signer.publicKey)
const named = (signer: Signer) => encodeBase64(signer.publicKey)

/** Several gateways that write into one tree. */
export class TestTree {
  readonly lines: string[] = []
  readonly #chains = new Map<string, { seq: number; hash: string }>()
  readonly heads: SignedHead[] = []

  /** An entry of a chain, in the tree at once; returns its place in the tree. */
  add(gateway: string, type = 'test.happened', body: Entry['body'] = {}): number {
    const { seq, hash } = this.#chains.get(gateway) ?? { seq: 0, hash: NO_PREVIOUS }
    const line = encodeEntry({ v: 1, gateway, seq: seq + 1, prev: hash, at: 1_700_000_000_000 + this.lines.length, type, body })
    this.#chains.set(gateway, { seq: seq + 1, hash: hashEntry(line) })
    return this.lines.push(line) - 1
  }

  enrol(gateway: string, signer: Signer): void {
    this.add(gateway, 'gateway.enrolled', { key: named(signer) })
  }

  rotate(gateway: string, from: Signer, to: Signer): void {
    const rotated = { gateway, key: named(to), through: { [gateway]: this.#chains.get(gateway)?.seq ?? 0 } }
    this.add(gateway, 'gateway.key-rotated', { key: rotated.key, through: rotated.through, signature: encodeBase64(from.sign(rotationText(rotated))) })
  }

  vouch(by: string, gateway: string, signer: Signer): void {
    this.add(by, 'gateway.vouched', { gateway, key: named(signer) })
  }

  /** Signs for a chain as far as it is. */
  sign(gateway: string, signer: Signer): void {
    const { seq = 0, hash = '' } = this.#chains.get(gateway) ?? {}
    this.heads.push({ gateway, seq, hash, key: named(signer), signature: encodeBase64(signer.sign(headText({ gateway, seq, hash }))) })
  }

  /** All files of the static log with the first `size` entries, its checkpoint signed by `signer`. */
  async files(signer: Signer, size = this.lines.length): Promise<Map<string, Uint8Array>> {
    const entries = this.lines.slice(0, size).map((line) => Buffer.from(line))
    const leaves = entries.map(leafHash)
    const store = await storeOf(leaves)
    const files = new Map<string, Uint8Array>()
    for (const tile of changedTiles(0, size)) files.set(tilePath(tile), Buffer.from(await store.read(tile.level, tile.n, tile.width)))
    for (let n = 0; tileWidth(size, 0, n) > 0; n++) {
      const own = entries.slice(n * TILE_WIDTH, (n + 1) * TILE_WIDTH)
      const id = { n, width: own.length }
      if (own.every(({ length }) => length <= 0xffff)) files.set(bundlePath(id), encodeBundle(own))
      else files.set(linesPath(id), encodeLines(own))
    }
    files.set('checkpoint', checkpointOf(size, rootOf(leaves), signer))
    files.set('signed-heads', Buffer.from(formatHeads(this.heads)))
    return files
  }
}

export function checkpointOf(size: number, root: Uint8Array, signer: Signer, origin = ORIGIN): Uint8Array {
  const text = formatCheckpoint({ origin, size, root, extensions: ['unwitnessed 0 never'] })
  return Buffer.from(formatNote({ text, signatures: [signNote(text, origin, signer)] }))
}

export const readerOf =
  (files: ReadonlyMap<string, Uint8Array>): ReadFile =>
  (path) =>
    Promise.resolve(files.get(path) ?? null)

/** Two gateways, of which the first vouches for the second, and `more` entries of either. */
export function twoGateways(more: number): { tree: TestTree; first: Signer; second: Signer } {
  const [tree, first, second] = [new TestTree(), newSigner(), newSigner()]
  tree.enrol('gw-a', first)
  tree.enrol('gw-b', second)
  tree.vouch('gw-a', 'gw-b', second)
  for (let count = 0; count < more; count++) tree.add(count % 3 === 0 ? 'gw-b' : count % 3 === 1 ? 'gw-a' : 'gw-a-w1', 'test.happened', { count })
  for (const [gateway, signer] of [
    ['gw-a', first],
    ['gw-a-w1', first],
    ['gw-b', second],
  ] as const)
    if (tree.lines.some((line) => line.includes(`"gateway":"${gateway}"`))) tree.sign(gateway, signer)
  return { tree, first, second }
}

import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeEntry, NO_PREVIOUS } from '@countersign/ledger/entry'
import { splitLines } from '@countersign/ledger/lines'
import { HASH_BYTES, leafHash, type Hash } from '@countersign/ledger/merkle'
import { proveInclusion, rootFromTiles, verifyInclusion } from '@countersign/ledger/proof'
import { grownTiles, type TileReader } from '@countersign/ledger/tiles'
import { verifyChain } from '@countersign/ledger/verify'
import { quantile } from '../../kit/figures.ts'
import type { Row } from '../../kit/report.ts'

const GATEWAY = 'gw-0123456789'
const BATCH = 10_000
const PROOFS = 200

/** Verifies a chain of so many entries, builds the tree over it, and proves entries of it. */
export async function verifying(entries: number): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-ledger-'))
  try {
    const path = join(folder, `${GATEWAY}-000001.jsonl`)
    const { leaves, bytes } = write(path, entries)
    const chain = await timed(async () => {
      const { bad, entries: good } = await verifyChain(splitLines(createReadStream(path)), { gateway: GATEWAY })
      if (bad || good !== entries) throw new Error(`the chain does not verify: ${bad?.message ?? good}`)
    })
    const tree = new Tree()
    const building = await timed(() => tree.grow(leaves))
    const proofs = await tree.prove(leaves, entries)
    const load = `${entries.toLocaleString('en')} entries`
    const row = (measure: string, unit: string, value: number, detail = false): Row => ({
      measure,
      load,
      unit,
      samples: { gateway: [value] },
      bars: [],
      ...(detail && { detail }),
    })
    return [
      row('ledger verified', 's', chain / 1000),
      row('entries verified', 'entries/s', (entries / chain) * 1000, true),
      row('bytes verified', 'MiB/s', bytes / 2 ** 20 / (chain / 1000), true),
      row('tree built, tile by tile', 's', building / 1000),
      row('inclusion proof', 'bytes', proofs.bytes),
      row('inclusion proof made, median', 'ms', proofs.made),
      row('inclusion proof checked, median', 'ms', proofs.checked),
    ]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Many hashes in one piece of memory. */
class Leaves {
  readonly count: number
  readonly #bytes: Uint8Array

  constructor(count: number) {
    this.count = count
    this.#bytes = new Uint8Array(count * HASH_BYTES)
  }

  set(index: number, hash: Hash): void {
    this.#bytes.set(hash, index * HASH_BYTES)
  }

  get(index: number): Hash {
    return this.#bytes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)
  }

  slice(from: number, to: number): Hash[] {
    return Array.from({ length: Math.min(to, this.count) - from }, (_, at) => this.get(from + at))
  }
}

/** The outcome of a statement, as most entries are, each a line. Returns the leaf hashes. */
function write(path: string, entries: number): { readonly leaves: Leaves; readonly bytes: number } {
  const file = openSync(path, 'w')
  const leaves = new Leaves(entries)
  let [prev, pending, bytes] = [NO_PREVIOUS, '', 0]
  for (let seq = 1; seq <= entries; seq++) {
    const body = { bytes: 12, ms: 1, result: 'done', rows: 1, run: `ses-4kq2.${seq}`, session: 'ses-4kq2', summary: 'SELECT 1' }
    const line = encodeEntry({ v: 1, gateway: GATEWAY, seq, prev, at: 1_795_000_000_000 + seq, type: 'action.finished', body })
    const leaf = leafHash(Buffer.from(line))
    prev = Buffer.from(leaf).toString('hex')
    leaves.set(seq - 1, leaf)
    pending += `${line}\n`
    if (seq % BATCH === 0 || seq === entries) {
      bytes += writeSync(file, pending)
      pending = ''
    }
  }
  closeSync(file)
  return { leaves, bytes }
}

/** The tiles of a tree, in memory. */
class Tree {
  readonly #tiles = new Map<string, Uint8Array>()
  readonly #read: TileReader = async (level, n, width) => this.#tiles.get(`${level}/${n}`)?.subarray(0, width * HASH_BYTES) ?? new Uint8Array()

  async grow(leaves: Leaves): Promise<void> {
    for (let size = 0; size < leaves.count; size += BATCH) {
      for (const { level, n, hashes } of await grownTiles(this.#read, size, leaves.slice(size, size + BATCH))) this.#tiles.set(`${level}/${n}`, hashes)
    }
  }

  /** Entries all over the tree: the largest proof, and what making and checking one takes. */
  async prove(leaves: Leaves, size: number): Promise<{ readonly bytes: number; readonly made: number; readonly checked: number }> {
    const [made, checked]: [number[], number[]] = [[], []]
    const root = await rootFromTiles(this.#read, size)
    let bytes = 0
    for (let count = 0; count < PROOFS; count++) {
      const index = Math.floor((count * size) / PROOFS)
      const leaf = leaves.get(index)
      const before = performance.now()
      const inclusion = await proveInclusion(this.#read, index, size)
      made.push(performance.now() - before)
      const between = performance.now()
      if (!verifyInclusion(inclusion, leaf, root)) throw new Error(`entry ${index} is not proved`)
      checked.push(performance.now() - between)
      bytes = Math.max(bytes, inclusion.proof.length * HASH_BYTES)
    }
    return { bytes, made: quantile(made, 0.5), checked: quantile(checked, 0.5) }
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

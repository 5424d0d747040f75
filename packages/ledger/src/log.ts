import { decodeBundle, decodeLines } from './bundle.ts'
import { Chains } from './chains.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { type Entry, parseEntry } from './entry.ts'
import { LedgerError } from './error.ts'
import { HEADS_PATH, parseHeads } from './heads.ts'
import type { VerifierKey } from './key.ts'
import { CompactRange, type Hash, isSameHash, leafHash } from './merkle.ts'
import { type Note, parseNote, type Signed, verifyNote } from './note.ts'
import { Missing, present, Problems, type Problem, type ReadFile } from './problem.ts'
import { keysThatCount } from './roots.ts'
import { bundlePath, linesPath, TILE_WIDTH, tileWidth } from './tiles.ts'
import { TileComparison } from './tile-comparison.ts'
import { gatewayOf, isKeyEvent, Trust } from './trust.ts'

export interface LogOptions {
  /** The key that is trusted. Without it the log's own first key is taken at its word. */
  readonly key?: VerifierKey
  /** Checkpoints of the same log that were verified, or signed, before: the log may have grown since, and nothing else. */
  readonly remembered?: readonly Checkpoint[]
  /** Entries that are kept beside the log and that its checkpoint does not have yet, each chain's in order: they have to follow, and their gateways to have signed them. */
  readonly beyond?: AsyncIterable<ChainEntry>
}

/** An entry, and where it is said to stand. */
export interface ChainEntry {
  readonly gateway: string
  readonly seq: number
  readonly bytes: Uint8Array
}

export interface VerifiedLog {
  readonly checkpoint: Checkpoint | null
  /** The checkpoint's note, as it stands. */
  readonly note: Note | null
  readonly signed: readonly Signed[]
  /** Entries of the checkpoint that were read. */
  readonly entries: number
  /** Entries that are in no checkpoint yet. */
  readonly beyond: number
  /** Each chain: how many entries, how far its gateway's signed heads cover it, and whether its gateway counts. */
  readonly chains: readonly { readonly gateway: string; readonly entries: number; readonly covered: number; readonly counts: boolean }[]
  /** At most `MAX_PROBLEMS`; none when all is well. */
  readonly problems: readonly Problem[]
}

/**
 * Verifies a whole static log: every entry against the tiles, the tiles against the checkpoint, the chain of each gateway, the
 * signed heads, and whose key signed the checkpoint. Reads each file once, in constant memory. Rejects only as `read` does.
 */
export async function verifyLog(read: ReadFile, options: LogOptions = {}): Promise<VerifiedLog> {
  const problems = new Problems()
  const note = await problems.catching('checkpoint', async () => parseNote(await present(read, 'checkpoint')))
  const checkpoint = note && (await problems.catching('checkpoint', () => parseCheckpoint(note.text)))
  if (!note || !checkpoint) return { checkpoint: null, note: null, signed: [], entries: 0, beyond: 0, chains: [], problems: problems.list }
  const heads = (await problems.catching(HEADS_PATH, async () => parseHeads(await read(HEADS_PATH)))) ?? []
  const reading = new Reading(read, checkpoint, new Chains(heads), problems, options.remembered ?? [])
  await reading.all()
  const signed = signatures(note, checkpoint, reading, options, problems)
  await reading.beyondIt(options.beyond)
  const { entries, beyond } = reading
  return { checkpoint, note, signed, entries, beyond, chains: reading.chains(), problems: problems.list }
}

/** One pass over all entries. */
class Reading {
  entries = 0
  beyond = 0
  readonly trust = new Trust()
  readonly keyEvents: Entry[] = []
  readonly #read: ReadFile
  readonly #checkpoint: Checkpoint
  readonly #chains: Chains
  readonly #problems: Problems
  readonly #remembered: readonly Checkpoint[]
  readonly #range = new CompactRange()
  readonly #tiles: TileComparison

  constructor(read: ReadFile, checkpoint: Checkpoint, chains: Chains, problems: Problems, remembered: readonly Checkpoint[]) {
    this.#read = read
    this.#checkpoint = checkpoint
    this.#chains = chains
    this.#problems = problems
    this.#remembered = remembered
    this.#tiles = new TileComparison(read, checkpoint.size)
  }

  covered(gateway: string): number {
    return this.#chains.covered(gateway)
  }

  chains(): VerifiedLog['chains'] {
    return [...this.#chains.lengths].map(([gateway, entries]) => ({
      gateway,
      entries,
      covered: this.#chains.covered(gateway),
      counts: this.trust.counts(gatewayOf(gateway)),
    }))
  }

  async all(): Promise<void> {
    const { size } = this.#checkpoint
    this.#compareRemembered()
    for (let n = 0; this.entries < size; n++) {
      const bundle = await this.#bundle(n, tileWidth(size, 0, n))
      if (!bundle) return
      const leaves: Hash[] = []
      for (const bytes of bundle) leaves.push(this.#entry(bytes))
      await this.#tiles.append(leaves)
    }
    await this.#judge()
  }

  /** What the checkpoint does not have, when all that it has was read. What it says of keys counts for heads from there on, and not for the checkpoint. */
  async beyondIt(entries: LogOptions['beyond']): Promise<void> {
    if (this.entries < this.#checkpoint.size) return
    const last = new Map<string, number>()
    for await (const { gateway, seq, bytes } of entries ?? []) {
      this.#entryBeyond(gateway, seq, bytes)
      this.beyond += 1
      last.set(gateway, seq)
    }
    for (const [gateway, seq] of last)
      if (this.covered(gateway) < seq) this.#problems.add('unsigned', `entry ${seq} of ${gateway}`, `nothing that ${gateway} signed covers its entry ${seq}`)
    this.#judgeHeads()
  }

  #entryBeyond(gateway: string, seq: number, bytes: Uint8Array): void {
    const place = `entry ${seq} of ${gateway}`
    const entry = this.#parsed(place, bytes)
    if (!entry) return
    if (entry.gateway === gateway && entry.seq === seq) this.#inChain(place, entry, Buffer.from(leafHash(bytes)).toString('hex'))
    else this.#problems.add('altered', place, `entry ${entry.seq} of ${entry.gateway} stands in its place`)
  }

  /** Null, and a problem, where there is none: what comes behind it cannot be placed any more. */
  async #bundle(n: number, width: number): Promise<readonly Uint8Array[] | null> {
    const [bundle, lines] = [bundlePath({ n, width }), linesPath({ n, width })]
    return this.#problems.catching(bundle, async () => {
      const bytes = (await this.#read(bundle)) ?? (await whole(this.#read, bundle, width))
      if (bytes) return decodeBundle(bytes, width)
      const text = await this.#read(lines)
      if (!text) throw new Missing(`neither ${bundle} nor ${lines} is there`)
      return decodeLines(text, width)
    })
  }

  #entry(bytes: Uint8Array): Hash {
    const leaf = leafHash(bytes)
    const place = `entry ${this.entries}`
    const entry = this.#parsed(place, bytes)
    if (entry) this.#inChain(place, entry, Buffer.from(leaf).toString('hex'))
    this.#range.append(leaf)
    this.entries += 1
    this.#compareRemembered()
    return leaf
  }

  #parsed(place: string, bytes: Uint8Array): Entry | null {
    try {
      return parseEntry(utf8.decode(bytes))
    } catch (error) {
      this.#problems.add('unreadable', place, error instanceof LedgerError ? error.message : 'not UTF-8')
      return null
    }
  }

  #inChain(place: string, entry: Entry, hash: string): void {
    const broken = this.#chains.read(entry, hash)
    if (broken) this.#problems.add(broken.endsWith('missing') ? 'missing' : 'altered', place, broken)
    if (isKeyEvent(entry)) {
      this.trust.read(entry)
      this.keyEvents.push(entry)
    }
    const unsigned = this.#chains.readHead(entry, hash, this.trust.historyOf(entry.gateway))
    if (unsigned) this.#problems.add('unsigned', place, unsigned)
  }

  #compareRemembered(): void {
    for (const { size, root } of this.#remembered) {
      if (size !== this.entries || isSameHash(root, this.#range.root())) continue
      this.#problems.add('forked', 'checkpoint', `its first ${size} entries are not those of the checkpoint that is remembered`)
    }
  }

  #judgeHeads(): void {
    for (const head of this.#chains.beyond()) {
      const { gateway, seq } = head
      if (this.trust.historyOf(gateway).vouchesFor(head)) this.#problems.add('truncated', HEADS_PATH, `${gateway} signed its entry ${seq}, which is not here`)
      else this.#problems.add('unsigned', HEADS_PATH, `what vouches for entry ${seq} of ${gateway}, which is not here, is not signed by its gateway's key`)
    }
  }

  /** Which of the entries and the tiles are those that were signed. */
  async #judge(): Promise<void> {
    const { size, root } = this.#checkpoint
    const isSigned = isSameHash(this.#range.root(), root)
    for (const { why, place, message } of await this.#tiles.judge(root, isSigned)) this.#problems.add(why, place, message)
    if (!isSigned && this.#tiles.agrees)
      this.#problems.add(
        'forked',
        'checkpoint',
        `it signs another tree of ${size} than these entries and tiles make: all were rewritten, or it is of another log`,
      )
  }
}

/** A partial bundle may have been deleted once the whole one is there. */
async function whole(read: ReadFile, partial: string, width: number): Promise<Uint8Array | null> {
  if (width === TILE_WIDTH) return null
  const bytes = await read(partial.replace(/\.p\/\d+$/, ''))
  return bytes && beginning(bytes, width)
}

/** The first entries of a bundle, still in its form. */
function beginning(bytes: Uint8Array, width: number): Uint8Array {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  let end = 0
  for (let count = 0; count < width && end + 2 <= data.length; count++) end += 2 + data.readUInt16BE(end)
  return data.subarray(0, end)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function signatures(note: Note, checkpoint: Checkpoint, reading: Reading, { key, remembered = [] }: LogOptions, problems: Problems): readonly Signed[] {
  for (const { origin, size } of remembered) {
    if (origin !== checkpoint.origin) problems.add('forked', 'checkpoint', `it is of ${checkpoint.origin}, and the one that is remembered of ${origin}`)
    if (size > checkpoint.size) problems.add('truncated', 'checkpoint', `it has ${checkpoint.size} entries, and the checkpoint that is remembered has ${size}`)
  }
  const covered = ({ gateway, seq }: Entry) => seq <= reading.covered(gateway)
  return (
    problems.trying('checkpoint', () => verifyNote(note, keysThatCount(checkpoint.origin, { keyEvents: reading.keyEvents, covered }, key)), 'unsigned') ?? []
  )
}

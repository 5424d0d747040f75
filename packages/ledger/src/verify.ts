import { type Entry, hashEntry, NO_PREVIOUS, parseEntry } from './entry.ts'
import { LedgerError } from './error.ts'
import { eventsOf, GROUP, isTogether, keysNeeded, openEvents } from './group.ts'
import type { Keys } from './seal.ts'
import { Unopened } from './unopened.ts'

/** Where a gateway's chain stands: its latest entry. */
export interface Head {
  readonly gateway: string
  readonly seq: number
  readonly hash: string
  /** Unix milliseconds. */
  readonly at: number
}

export type Why =
  | 'unreadable' // no entry of a known version
  | 'torn' // the same on the last line: a write that was cut off
  | 'not-canonical'
  | 'foreign' // an entry of another gateway
  | 'gap' // the named entry is missing
  | 'out-of-order' // the named entry comes later
  | 'duplicate'
  | 'altered' // its bytes are not those that the chain vouches for
  | 'sealed-altered' // its sealed part does not open with its key, or is not what it commits to

/** The first entry that is not as it was written. `line` counts from 1, and is where it is, or where it should be. */
export interface Bad {
  readonly gateway: string
  readonly seq: number
  readonly line: number
  readonly why: Why
  readonly message: string
}

/** A clock that went back is no proof of tampering. */
export interface Warning {
  readonly seq: number
  readonly line: number
  readonly message: string
}

/**
 * `entries` counts the good ones; `head` is the last of them; `unopened` are the sealed texts whose key was not given, without those whose key this chain says
 * was erased, which are `erased`. `sealed` is both, for what another chain says.
 */
export interface Verified {
  readonly entries: number
  readonly head: Head | null
  readonly bad: Bad | null
  readonly unopened: number
  readonly erased: number
  readonly sealed: Unopened
  readonly warnings: readonly Warning[]
}

export interface VerifyOptions {
  /** Whose chain it is; otherwise the first entry says so. */
  readonly gateway?: string
  /** Opens sealed parts and holds them against their commitments. By key id. */
  readonly keys?: Keys
  /** An entry that is known from elsewhere (a store, a checkpoint) to be in this chain: finds a lost or rewritten tail. */
  readonly expect?: Pick<Head, 'seq' | 'hash'>
  /** The lines may start in the middle of a chain; the first is taken as it stands. */
  readonly partial?: boolean
}

type Lines = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>

/** More warnings than anyone reads; a hostile file must not fill the memory. */
const MAX_WARNINGS = 100

/**
 * Recomputes one gateway's chain, line by line as it stands in its segments or in an export (without line ends), in
 * constant memory. Stops at the first bad entry. Only what follows an entry vouches for it: without `expect`, an edit of
 * the very last entry or a cut tail is not seen.
 */
export async function verifyChain(lines: Lines, options: VerifyOptions = {}): Promise<Verified> {
  const reader = new LineReader(lines)
  const warnings: Warning[] = []
  const sealed = new Unopened()
  let entries = 0
  let head: Link | null = null
  let bad: Bad | null = null
  for (let line = await reader.next(); line !== null; line = await reader.next()) {
    const link = readLink(line, head, reader.count)
    bad = 'why' in link ? await unreadable(link, reader) : await badLink(link, head, reader, options)
    if (bad || 'why' in link) break
    if (head && link.at < head.at && warnings.length < MAX_WARNINGS) warnings.push(clockWentBack(link, head))
    sealed.count(link.entry, options.keys)
    entries += 1
    head = link
  }
  const counts = { unopened: sealed.left(), erased: sealed.erased() }
  return { entries, ...counts, sealed, warnings, head: head && headOf(head), bad: bad ?? missingTail(head, reader.count, options) }
}

/** Lines, counted. By hand and not by `for await`, because naming the first bad entry looks at what follows it. */
class LineReader {
  count = 0
  readonly #iterator: AsyncIterator<Uint8Array | string> | Iterator<Uint8Array | string>

  constructor(lines: Lines) {
    this.#iterator = Symbol.asyncIterator in lines ? lines[Symbol.asyncIterator]() : lines[Symbol.iterator]()
  }

  async next(): Promise<Uint8Array | string | null> {
    const { done, value } = await this.#iterator.next()
    if (done) return null
    this.count += 1
    return value
  }
}

interface Link extends Head {
  readonly entry: Entry
  readonly line: number
}

const headOf = ({ gateway, seq, hash, at }: Head): Head => ({ gateway, seq, hash, at })

/** Strict, and the byte order mark kept: a character that is replaced or dropped would hide an edit. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function readLink(bytes: Uint8Array | string, head: Head | null, line: number): Link | Bad {
  try {
    const text = typeof bytes === 'string' ? bytes : utf8.decode(bytes)
    const entry = parseEntry(text)
    return { gateway: entry.gateway, seq: entry.seq, hash: hashEntry(text), at: entry.at, entry, line }
  } catch (error) {
    const place = { gateway: head?.gateway ?? '', seq: (head?.seq ?? 0) + 1, line }
    if (!(error instanceof LedgerError)) return { ...place, why: 'unreadable', message: 'not UTF-8' }
    return { ...place, why: error.code === 'not-canonical' ? 'not-canonical' : 'unreadable', message: error.message }
  }
}

async function unreadable(bad: Bad, reader: LineReader): Promise<Bad> {
  return bad.why === 'unreadable' && (await reader.next()) === null ? { ...bad, why: 'torn', message: `the last line is cut off: ${bad.message}` } : bad
}

/** Why this entry cannot follow `head`; null when it can. */
async function badLink(
  link: Link,
  head: Link | null,
  reader: LineReader,
  { gateway = head?.gateway, partial = false, keys, expect }: VerifyOptions,
): Promise<Bad | null> {
  const { seq } = link
  if (gateway !== undefined && link.gateway !== gateway) return bad(link, 'foreign', `an entry of ${link.gateway} in the chain of ${gateway}`)
  if (head || !partial) {
    const expected = head ? head.seq + 1 : 1
    if (seq > expected) return absent(expected, link, reader)
    if (seq < expected) return bad(link, 'duplicate', `entry ${seq} is there already`)
    if (link.entry.prev !== (head?.hash ?? NO_PREVIOUS)) return altered(link, head, reader, expect)
  }
  if (expect?.seq === seq && expect.hash !== link.hash) return bad(link, 'altered', `entry ${seq} is known elsewhere with another hash`)
  return sealedWrongly(link, keys)
}

const bad = ({ gateway, seq, line }: Link, why: Why, message: string): Bad => ({ gateway, seq, line, why, message })

/** The expected entry is not here: it stands later, or nowhere. */
async function absent(seq: number, instead: Link, reader: LineReader): Promise<Bad> {
  const { line } = instead
  const where = `entry ${instead.seq} stands where entry ${seq} should`
  for (let bytes = await reader.next(); bytes !== null; bytes = await reader.next()) {
    const later = readLink(bytes, null, reader.count)
    if ('entry' in later && later.seq === seq) return { ...bad(instead, 'out-of-order', `${where}, which comes on line ${later.line}`), seq, line }
  }
  return { ...bad(instead, 'gap', `${where}, which is missing`), seq, line }
}

/** Two entries do not fit. If what follows, or `expect`, vouches for the second as it stands, then the first was altered; else the second. */
async function altered(link: Link, head: Link | null, reader: LineReader, expect: VerifyOptions['expect']): Promise<Bad> {
  const following = await reader.next()
  const next = following === null ? null : readLink(following, null, reader.count)
  const vouched = next && 'entry' in next ? next.entry.prev : expect?.hash
  if (head && vouched === link.hash) return bad(head, 'altered', `entry ${link.seq} was written after another entry ${head.seq}`)
  return bad(link, 'altered', head ? `entry ${link.seq} names another entry before it` : `entry ${link.seq} is the first, and names an entry before it`)
}

function sealedWrongly(link: Link, keys: VerifyOptions['keys']): Bad | null {
  const { entry } = link
  let opens = false
  try {
    if (!entry.sealed && entry.type === GROUP && eventsOf(entry).some(isTogether))
      return bad(link, 'sealed-altered', `entry ${link.seq} commits to what it does not seal`)
    opens = keys !== undefined && keysNeeded(entry).some((key) => keys.has(key))
    if (keys && opens) openEvents(entry, keys)
    return null
  } catch (error) {
    return bad(link, opens ? 'sealed-altered' : 'unreadable', error instanceof LedgerError ? error.message : 'the sealed part cannot be opened')
  }
}

function clockWentBack({ seq, line, at }: Link, head: Head): Warning {
  return { seq, line, message: `the clock of entry ${seq} is ${head.at - at} ms behind the entry before it` }
}

function missingTail(head: Head | null, line: number, { expect, partial }: VerifyOptions): Bad | null {
  if (!expect || (head && head.seq >= expect.seq) || (partial && !head)) return null
  const seq = (head?.seq ?? 0) + 1
  return {
    gateway: head?.gateway ?? '',
    seq,
    line: line + 1,
    why: 'gap',
    message: `the chain ends before entry ${seq}, and entry ${expect.seq} is known elsewhere`,
  }
}

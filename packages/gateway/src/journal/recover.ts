import { hash } from 'node:crypto'
import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { hashEntry, NO_PREVIOUS, parseEntry } from '@countersign/ledger/entry'
import { LedgerError } from '@countersign/ledger/error'
import { type Head, verifyChain } from '@countersign/ledger/verify'
import { listSegments, type Segment, segmentPath } from './files.ts'
import { JournalBroken } from './journal.ts'
import { readSegment } from './read.ts'

/** Bytes that a write cut off left behind. They were acknowledged to nobody. */
export interface Cut {
  readonly bytes: number
  readonly sha256: string
}

/** Where the journal goes on. */
export interface Recovered {
  readonly segment: Segment
  readonly head: Head | null
  readonly cut: Cut | null
}

/**
 * Finds the end of a journal, and makes it one that can be appended to: a torn last line is cut off. The newest segment with
 * entries is verified; the whole chain is what `countersign ledger verify` is for, and would keep a long journal from starting.
 */
export async function recover(directory: string, gateway: string): Promise<Recovered> {
  const segments = listSegments(directory, gateway)
  const segment = segments.at(-1) ?? { gateway, number: 1 }
  if (segments.length === 0) return { segment, head: null, cut: null }
  const end = endOfLines(segmentPath(directory, segment))
  const head = await newestHead(directory, segments, end)
  return { segment, ...repair(segmentPath(directory, segment), end, head) }
}

/** The head of the newest segment that has an entry. Throws JournalBroken when that segment is not as it was written. */
async function newestHead(directory: string, segments: readonly Segment[], end: number): Promise<Head | null> {
  for (const segment of segments.toReversed()) {
    const lines = readSegment(directory, segment, segment === segments.at(-1) ? end : undefined)
    const { bad, head } = await verifyChain(lines, { gateway: segment.gateway, partial: segment.number > 1 })
    if (bad) {
      throw new JournalBroken(
        `${segmentPath(directory, segment)} line ${bad.line}: ${bad.message} (${bad.why}). Nothing is added to a journal that was altered: ` +
          'keep the data directory as evidence, see what is wrong with `countersign ledger verify`, and start with a new data directory.',
      )
    }
    if (head) return head
  }
  return null
}

/** What stands after the last line end is a whole entry whose line end is missing, or torn. */
function repair(path: string, end: number, head: Head | null): Pick<Recovered, 'head' | 'cut'> {
  const fd = openSync(path, 'r+')
  try {
    const tail = readFrom(fd, end)
    if (tail.length === 0) return { head, cut: null }
    const next = following(head, tail)
    if (next) writeSync(fd, '\n', fstatSync(fd).size)
    else ftruncateSync(fd, end)
    fdatasyncSync(fd)
    return next ? { head: next, cut: null } : { head, cut: { bytes: tail.length, sha256: hash('sha256', tail, 'hex') } }
  } finally {
    closeSync(fd)
  }
}

function following(head: Head | null, tail: Buffer): Head | null {
  const line = tail.toString('utf8')
  try {
    const { gateway, seq, prev, at } = parseEntry(line)
    const follows = seq === (head?.seq ?? 0) + 1 && prev === (head?.hash ?? NO_PREVIOUS)
    return follows ? { gateway, seq, hash: hashEntry(line), at } : null
  } catch (error) {
    if (error instanceof LedgerError) return null
    throw error
  }
}

const STEP = 64 * 1024

/** The offset after the last newline, searched from the end. */
function endOfLines(path: string): number {
  const fd = openSync(path, 'r')
  try {
    const step = Buffer.alloc(STEP)
    for (let end = fstatSync(fd).size; end > 0; end -= STEP) {
      const start = Math.max(0, end - STEP)
      const read = readSync(fd, step, 0, end - start, start)
      const newline = step.subarray(0, read).lastIndexOf('\n')
      if (newline !== -1) return start + newline + 1
    }
    return 0
  } finally {
    closeSync(fd)
  }
}

function readFrom(fd: number, start: number): Buffer {
  const bytes = Buffer.alloc(fstatSync(fd).size - start)
  return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, start))
}

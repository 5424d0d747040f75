import { createHash } from 'node:crypto'
import { createReadStream, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Entry, parseEntry } from '@countersign/ledger/entry'
import { CliError } from './error.ts'
import { type JournalFiles, JournalLines } from './journal-files.ts'

/** What is wrong with the file of a session's recording. */
export interface BadRecording {
  readonly session: string
  readonly why: 'missing' | 'cut' | 'swapped' | 'altered' | 'doubled' | 'still-there'
  readonly message: string
}

export interface CheckedRecordings {
  readonly folder: string
  /** Files that are what the ledger says. */
  readonly good: number
  readonly bad: readonly BadRecording[]
  /** Files of which these journals say nothing: another gateway's, or one that is being made. */
  readonly unknown: readonly string[]
}

/** A file as `recording.finished` has it. */
interface Known {
  readonly sha256: string
  readonly bytes: number
}

/** What journals say of recordings. Their chains are verified elsewhere; nothing in an entry is a recording's but what is looked at here. */
interface Told {
  readonly kept: ReadonlyMap<string, Known>
  readonly deleted: ReadonlySet<string>
  readonly doubled: ReadonlySet<string>
}

/** Holds each file of a folder against the digest that the journals have of it. */
export async function checkRecordings(folder: string, journals: readonly JournalFiles[]): Promise<CheckedRecordings> {
  const told = await read(journals)
  const files = new Set(list(folder))
  const digests = new Map([...told.kept].map(([session, { sha256 }]) => [sha256, session]))
  const bad: BadRecording[] = [...told.doubled].map((session) => ({ session, why: 'doubled', message: 'the ledger has two different recordings of it' }))
  let good = 0
  for (const [session, known] of told.kept) {
    const file = join(folder, `${session}.age`)
    const wrong = files.has(session) ? await compare(file, session, known, digests) : { session, why: 'missing' as const, message: `there is no ${file}` }
    if (wrong) bad.push(wrong)
    else good += 1
  }
  for (const session of told.deleted)
    if (files.has(session)) bad.push({ session, why: 'still-there', message: 'the ledger says that it was deleted, and its file is here' })
  return { folder, good, bad, unknown: [...files].filter((session) => !told.kept.has(session) && !told.deleted.has(session)) }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder).flatMap((name) => (name.endsWith('.age') ? [name.slice(0, -'.age'.length)] : []))
  } catch (cause) {
    throw new CliError('failed', `the recordings in ${folder} cannot be read`, '--recordings names the folder that `recordings.directory` is', { cause })
  }
}

async function compare(file: string, session: string, known: Known, digests: ReadonlyMap<string, string>): Promise<BadRecording | null> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    bytes += chunk.length
  }
  const sha256 = hash.digest('hex')
  if (sha256 === known.sha256) return null
  const other = digests.get(sha256)
  if (other !== undefined) return { session, why: 'swapped', message: `${file} is the recording of ${other}` }
  if (bytes < known.bytes) return { session, why: 'cut', message: `${file} has ${bytes} bytes of ${known.bytes}` }
  return { session, why: 'altered', message: `${file} has the digest ${sha256}, and the ledger says ${known.sha256}` }
}

async function read(journals: readonly JournalFiles[]): Promise<Told> {
  const kept = new Map<string, Known>()
  const deleted = new Set<string>()
  const doubled = new Set<string>()
  for (const { type, body } of await entriesOf(journals)) {
    const { session, sha256, bytes } = body
    if (typeof session !== 'string' || typeof sha256 !== 'string') continue
    if (type === 'recording.finished' && typeof bytes === 'number') {
      if (kept.has(session)) doubled.add(session)
      else kept.set(session, { sha256, bytes })
    }
    if (type === 'recording.deleted' && kept.delete(session)) deleted.add(session)
  }
  return { kept, deleted, doubled }
}

/** Those of a recording, found by their type, which stands at the end of a line (docs/ledger.md). What is no entry, verifying the chain says. */
async function entriesOf(journals: readonly JournalFiles[]): Promise<readonly Entry[]> {
  const found: Entry[] = []
  for (const { files } of journals) {
    for await (const bytes of new JournalLines(files)) {
      const line = Buffer.from(bytes)
      if (line.includes(TYPE, -TAIL_BYTES)) found.push(...parsed(line.toString('utf8')))
    }
  }
  return found
}

const TYPE = '"type":"recording.'
const TAIL_BYTES = 64

function parsed(line: string): readonly Entry[] {
  try {
    return [parseEntry(line)]
  } catch {
    return []
  }
}

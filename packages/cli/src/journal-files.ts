import { createSecretKey } from 'node:crypto'
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { DataKey } from '@countersign/ledger/seal'
import { splitLines } from '@countersign/ledger/lines'
import { CliError } from './error.ts'

/** One gateway's journal: its segments, oldest first, as `DIR/journal/<gateway>-000001.jsonl` and so on. */
export interface JournalFiles {
  readonly gateway: string
  readonly files: readonly string[]
  /** The first segment is not the gateway's first: the chain starts in the middle. */
  readonly partial: boolean
}

const SEGMENT = /^(.+)-(\d{6,})\.jsonl$/

/** The journals in a gateway's data directory. Throws when there is none. */
export function journalsIn(data: string): readonly JournalFiles[] {
  const folder = join(data, 'journal')
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => SEGMENT.test(name)) : []
  if (names.length === 0)
    throw new CliError('failed', `there is no journal in ${folder}`, "--data names the gateway's data directory; it has a journal once the gateway has started")
  return byGateway(names.map((name) => join(folder, name))).map((journal) => ({ ...journal, partial: false }))
}

/** Named files: segments of one gateway are one chain, and a file with another name is a chain of its own. */
export function byGateway(files: readonly string[]): readonly JournalFiles[] {
  const groups = Map.groupBy(files, (file) => SEGMENT.exec(basename(file))?.[1] ?? file)
  return [...groups].map(([gateway, group]) => {
    const sorted = group.toSorted((a, b) => numberOf(a) - numberOf(b))
    return { gateway, files: sorted, partial: numberOf(sorted[0] ?? '') > 1 }
  })
}

const numberOf = (file: string) => Number(SEGMENT.exec(basename(file))?.[2] ?? 1)

/** The keys that seal the texts of a data directory's entries, by their id. Erased ones are simply not there. */
export function keysIn(data: string): ReadonlyMap<string, DataKey> {
  const folder = join(data, 'keys')
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.key')) : []
  return new Map(names.map((name) => [name.slice(0, -'.key'.length), readKey(join(folder, name), name.slice(0, -'.key'.length))]))
}

function readKey(path: string, id: string): DataKey {
  const hex = readFileSync(path, 'utf8').trim()
  if (!/^[0-9a-f]{64}$/.test(hex))
    throw new CliError('failed', `${path} holds no key (64 hex digits)`, 'restore it from a backup, or move it away to verify without opening what it sealed')
  return { id, key: createSecretKey(hex, 'hex') }
}

/** The lines of several files as one, which remembers where each came from. */
export class JournalLines {
  readonly #files: readonly string[]
  readonly #starts: { readonly file: string; readonly first: number }[] = []
  #count = 0

  constructor(files: readonly string[]) {
    this.#files = files
  }

  /** Lines read until now. */
  get count(): number {
    return this.#count
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (const file of this.#files) {
      this.#starts.push({ file, first: this.#count + 1 })
      for await (const line of splitLines(createReadStream(file))) {
        this.#count += 1
        yield line
      }
    }
  }

  /** `journal/gw-000002.jsonl:17` for the line with this number of them all. */
  locate(line: number): string {
    const start = this.#starts.findLast(({ first }) => first <= line)
    return start ? `${start.file}:${line - start.first + 1}` : `line ${line}`
  }
}

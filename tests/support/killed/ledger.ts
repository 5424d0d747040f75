import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { type Entry, NO_PREVIOUS, parseEntry } from '@countersign/ledger/entry'
import { eventsOf, openEvents } from '@countersign/ledger/group'
import { type Head, verifyChain } from '@countersign/ledger/verify'
import { keysIn } from '../ledger.ts'
import { numbersIn } from './numbers.ts'

/** A run of statements in the ledger. */
interface Run {
  readonly numbers: readonly number[]
  readonly requests: readonly string[]
  /** The results that were recorded of it: `done`, `failed`, `unknown`. */
  readonly results: string[]
}

/** One gateway's journals, its workers' too, of which each `read` takes what was appended since. */
export class LedgerSoFar {
  readonly #data: string
  /** By the journal's file. */
  readonly #read = new Map<string, number>()
  /** The last entry of each chain that was read. */
  readonly heads = new Map<string, Head>()
  #keys: ReturnType<typeof keysIn> = new Map()
  /** Those that were read last, by their name. Each is over by then: what a gateway did not finish, its successor says. */
  runs: ReadonlyMap<string, Run> = new Map()
  /** How often each number was started, and each approval used, in all. */
  readonly started = new Map<number, number>()
  readonly used = new Map<string, number>()
  entries = 0
  unknown = 0

  constructor(data: string) {
    this.#data = data
  }

  /** Resolves to what is wrong with what was appended. Read it while nobody writes. */
  async read(): Promise<readonly string[]> {
    const folder = join(this.#data, 'journal')
    this.#keys = keysIn(this.#data)
    const problems: string[] = []
    const runs = new Map<string, Run>()
    for (const name of readdirSync(folder)
      .filter((one) => one.endsWith('.jsonl'))
      .toSorted()) {
      const lines = appendedTo(join(folder, name), this.#read.get(name) ?? 0).split('\n')
      const torn = lines.pop() ?? ''
      if (torn !== '') problems.push(`${name} ends in the middle of a line`)
      this.#read.set(name, (this.#read.get(name) ?? 0) + lines.reduce((bytes, line) => bytes + Buffer.byteLength(line) + 1, 0))
      if (lines.length > 0) problems.push(...(await this.#take(name, lines, runs)))
    }
    this.#count(runs)
    return problems
  }

  async #take(name: string, lines: readonly string[], runs: Map<string, Run>): Promise<readonly string[]> {
    const gateway = name.replace(/-\d+\.jsonl$/, '')
    const before = this.heads.get(gateway)
    const first = parseEntry(lines[0] ?? '')
    const problems = first.prev === (before?.hash ?? NO_PREVIOUS) ? [] : [`${gateway}: entry ${first.seq} does not follow what was there before`]
    const { bad, head } = await verifyChain(lines, { gateway, partial: true })
    if (bad) problems.push(`${gateway}: entry ${bad.seq} is bad (${bad.why}): ${bad.message}`)
    if (head) this.heads.set(gateway, head)
    this.entries += lines.length
    for (const line of lines) this.#tell(parseEntry(line), runs)
    return problems
  }

  #count(runs: ReadonlyMap<string, Run>): void {
    this.runs = runs
    for (const { numbers, requests, results } of runs.values()) {
      for (const number of numbers) this.started.set(number, (this.started.get(number) ?? 0) + 1)
      for (const request of requests) this.used.set(request, (this.used.get(request) ?? 0) + 1)
      if (results[0] === 'unknown') this.unknown += 1
    }
  }

  #tell(entry: Entry, runs: Map<string, Run>): void {
    const secrets = openEvents(entry, this.#keys)
    eventsOf(entry).forEach(({ type, body }, index) => {
      const run = JSON.stringify(body['run'])
      if (type === 'action.started') {
        const requests = Array.isArray(body['requests']) ? body['requests'].map(String) : []
        runs.set(run, { numbers: numbersIn(JSON.stringify(secrets[index]?.secret ?? null)), requests, results: [] })
      }
      if (type === 'action.finished') runs.get(run)?.results.push(typeof body['result'] === 'string' ? body['result'] : 'no result')
    })
  }
}

function appendedTo(path: string, from: number): string {
  const file = openSync(path, 'r')
  const bytes = Buffer.alloc(fstatSync(file).size - from)
  readSync(file, bytes, 0, bytes.length, from)
  closeSync(file)
  return bytes.toString('utf8')
}

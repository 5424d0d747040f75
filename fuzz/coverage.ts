import { Session } from 'node:inspector'
import { z } from 'zod'

const Range = z.object({ startOffset: z.number(), endOffset: z.number(), count: z.number() })
const Taken = z.object({
  result: z.array(z.object({ scriptId: z.string(), url: z.string(), functions: z.array(z.object({ ranges: z.array(Range) })) })),
})
type Ranges = readonly z.infer<typeof Range>[]

/**
 * Which parts of the code under test have run, by V8's own block coverage (Chrome DevTools Protocol, domain Profiler): nothing is
 * instrumented, so what is fuzzed is what ships. Start it before the modules that it shall see are loaded.
 */
export class Coverage {
  readonly #session = new Session()
  readonly #files: RegExp
  /** By function, not by script: a function's range covers those inside it, which have not run because it has. One byte a character, 1 once seen. */
  readonly #seen = new Map<string, Uint8Array>()

  /** `files` are the URLs of the modules to watch. */
  constructor(files: RegExp) {
    this.#files = files
    this.#session.connect()
    this.#post('Profiler.enable')
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** True when code ran, since the last call of either method, that does not count as seen. */
  isFresh(): boolean {
    return this.#fresh(false) > 0
  }

  /** The same; from now on it counts as seen. */
  keep(): boolean {
    return this.#fresh(true) > 0
  }

  stop(): void {
    this.#session.disconnect()
  }

  #fresh(keep: boolean): number {
    const { result } = Taken.parse(this.#post('Profiler.takePreciseCoverage'))
    let fresh = 0
    for (const { scriptId, url, functions } of result)
      if (this.#files.test(url)) for (const { ranges } of functions) fresh += this.#compare(scriptId, ranges, keep)
    return fresh
  }

  /** The ranges of a function are itself, and then the blocks inside whose count differs, each inside one before it. */
  #compare(scriptId: string, ranges: Ranges, keep: boolean): number {
    const { startOffset: start = 0, endOffset: end = 0 } = ranges[0] ?? {}
    const ran = new Uint8Array(end - start)
    for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset - start, endOffset - start)
    const seen = this.#seenOf(`${scriptId} ${start}`, end - start)
    let fresh = 0
    for (let at = 0; at < ran.length; at++) {
      if (ran[at] === 0 || seen[at] === 1) continue
      fresh++
      if (keep) seen[at] = 1
    }
    return fresh
  }

  #seenOf(fn: string, size: number): Uint8Array {
    const seen = this.#seen.get(fn) ?? new Uint8Array(size)
    this.#seen.set(fn, seen)
    return seen
  }

  /** A session in this process answers before `post` returns. */
  #post(method: string, parameters: object = {}): unknown {
    let answer: unknown
    this.#session.post(method, parameters, (error, result) => {
      if (error) throw error
      answer = result
    })
    return answer
  }
}

import type { Begin, Decided, End, Finished, RecordingLine, Started } from '@countersign/contract/schemas/recording'

/** One thing that a session did, or was not let: a line `started` or `decided`, with what became of it once that is known. */
export interface Step {
  /** Its place in the recording. */
  readonly index: number
  readonly at: number
  readonly told: Started | Decided
  readonly end: Finished | null
}

/** What is known of a session so far. */
export interface Story {
  readonly begin: Begin | null
  readonly steps: readonly Step[]
  readonly end: End | null
}

export const NOTHING: Story = { begin: null, steps: [], end: null }

/** Puts lines together as they come. `most` steps are kept, the newest. */
export class Teller {
  readonly #most: number
  #begin: Begin | null = null
  #end: End | null = null
  #steps: Step[] = []
  /** Where the statements that run are in `#steps`, counted from the very first. */
  readonly #running = new Map<string, number>()
  #dropped = 0

  constructor(most: number) {
    this.#most = most
  }

  add(index: number, line: RecordingLine): void {
    switch (line.line) {
      case 'begin':
        this.#begin = line
        return
      case 'end':
        this.#end = line
        return
      case 'finished':
        return this.#finish(line)
      case 'started':
        this.#running.set(line.run, this.#dropped + this.#steps.length)
        return this.#put({ index, at: line.at, told: line, end: null })
      case 'decided':
        return this.#put({ index, at: line.at, told: line, end: null })
    }
  }

  get story(): Story {
    return { begin: this.#begin, steps: [...this.#steps], end: this.#end }
  }

  /** How many steps there are. */
  get size(): number {
    return this.#steps.length
  }

  #put(step: Step): void {
    this.#steps.push(step)
    if (this.#steps.length <= this.#most * 1.1) return
    this.#dropped += this.#steps.length - this.#most
    this.#steps = this.#steps.slice(-this.#most)
  }

  #finish(end: Finished): void {
    const place = (this.#running.get(end.run) ?? -1) - this.#dropped
    this.#running.delete(end.run)
    const step = this.#steps[place]
    if (step) this.#steps[place] = { ...step, end }
  }
}

export type Kind = 'running' | 'done' | 'failed' | 'unknown' | 'held' | 'denied'

export function kindOf({ told, end }: Step): Kind {
  if (told.line === 'decided') return told.effect === 'deny' ? 'denied' : 'held'
  if (end === null) return 'running'
  return end.result === 'done' || end.result === 'failed' ? end.result : 'unknown'
}

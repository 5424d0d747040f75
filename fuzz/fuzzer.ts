import type { Coverage } from './coverage.ts'
import { mutate } from './mutate.ts'
import { Random } from './random.ts'

/** One thing to attack. `attempt` throws Finding, or anything at all, where the code under test breaks a promise. */
export interface Target {
  readonly name: string
  readonly seeds: readonly Uint8Array[]
  /** Returns how many messages the input held. `random` cuts it into chunks, and is the same whenever the input is tried again. */
  attempt(input: Uint8Array, random: Random): number | Promise<number>
}

/** A promise that was broken, in words. */
export class Finding extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Finding'
  }
}

export interface Report {
  readonly target: string
  readonly seed: number
  readonly messages: number
  readonly inputs: number
  /** Inputs that mutations start from: the seeds, and what reached code that nothing before it had. */
  readonly corpus: number
  readonly findings: readonly { readonly hex: string; readonly cut: number; readonly error: string }[]
}

/** Coverage is looked at once for as many inputs, and more closely only where something new is among them. */
const ROUND = 1024
const MAX_FINDINGS = 5

/** Attacks one target with at least `messages` messages, and keeps as new seeds the inputs that reach new code. */
export async function fuzz(target: Target, coverage: Coverage, { messages, seed }: { readonly messages: number; readonly seed: number }): Promise<Report> {
  const run = new Run(target, coverage, new Random(seed))
  await run.attempt(target.seeds.map((bytes) => ({ bytes, cut: 1 })))
  coverage.keep()
  while (run.messages < messages && !run.isOver) {
    const round = Array.from({ length: ROUND }, () => run.next())
    await run.attempt(round)
    if (coverage.isFresh()) await run.keepFresh(round)
  }
  const { inputs, findings } = run
  return { target: target.name, seed, messages: run.messages, inputs, corpus: run.corpus.length, findings }
}

interface Input {
  readonly bytes: Uint8Array
  /** The seed of the chunks that it comes in. */
  readonly cut: number
}

class Run {
  readonly corpus: Uint8Array[]
  readonly findings: { hex: string; cut: number; error: string }[] = []
  messages = 0
  inputs = 0
  readonly #target: Target
  readonly #coverage: Coverage
  readonly #random: Random

  constructor(target: Target, coverage: Coverage, random: Random) {
    this.#target = target
    this.#coverage = coverage
    this.#random = random
    this.corpus = [...target.seeds]
  }

  get isOver(): boolean {
    return this.findings.length >= MAX_FINDINGS
  }

  next(): Input {
    return { bytes: mutate(this.#random.pick(this.corpus), this.#random, this.corpus), cut: this.#random.below(2 ** 31) }
  }

  /** Finds, half by half, which inputs reach what was not reached before. */
  async keepFresh(inputs: readonly Input[]): Promise<void> {
    const [first] = inputs
    if (!first) return
    await this.attempt(inputs)
    if (inputs.length === 1) return void (this.#coverage.keep() && this.corpus.push(first.bytes))
    if (!this.#coverage.isFresh()) return
    const middle = inputs.length >> 1
    await this.keepFresh(inputs.slice(0, middle))
    await this.keepFresh(inputs.slice(middle))
  }

  async attempt(inputs: readonly Input[]): Promise<void> {
    for (const { bytes, cut } of inputs) {
      if (this.isOver) return
      this.inputs++
      try {
        const held = this.#target.attempt(bytes, new Random(cut))
        this.messages += typeof held === 'number' ? held : await held
      } catch (error) {
        const finding = { hex: Buffer.from(bytes).toString('hex'), cut, error: String(error) }
        if (!this.findings.some(({ hex }) => hex === finding.hex)) this.findings.push(finding)
      }
    }
  }
}

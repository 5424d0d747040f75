import { setTimeout as sleep } from 'node:timers/promises'
import { isatty } from 'node:tty'
import pc from 'picocolors'

/** One thing that the story has shown, for programs. */
export interface Fact {
  readonly step: string
  readonly [name: string]: unknown
}

/** How long a reader gets for what was just printed. */
const PACE_MS = { line: 50, moment: 350, scene: 900 } as const

/** Tells the story. `fast` leaves out the pauses; with `json` the text goes to stderr, and what was shown is kept. */
export class Teller {
  readonly facts: Fact[] = []
  readonly colors: ReturnType<typeof pc.createColors>
  readonly #stream: NodeJS.WriteStream
  readonly #fast: boolean
  readonly #signal: AbortSignal
  #scenes = 0

  constructor({ json, fast, signal }: { readonly json: boolean; readonly fast: boolean; readonly signal: AbortSignal }) {
    this.#stream = json ? process.stderr : process.stdout
    const terminal = isatty(json ? 2 : 1)
    this.#fast = fast || json || !terminal
    this.#signal = signal
    this.colors = pc.createColors(terminal && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb')
  }

  say(text = ''): void {
    this.#stream.write(`${text}\n`)
  }

  async scene(title: string, why: string): Promise<void> {
    await this.pause('scene')
    this.#scenes += 1
    this.say(`\n${this.colors.bold(`${this.#scenes}. ${title}.`)} ${this.colors.dim(why)}\n`)
    await this.pause('moment')
  }

  /** What somebody typed. */
  async types(prompt: string, text: string): Promise<void> {
    this.say(`   ${this.colors.cyan(prompt)} ${this.colors.bold(text)}`)
    await this.pause('moment')
  }

  /** What a program answered, line by line. */
  async shows(text: string, paint: (line: string) => string = (line) => line): Promise<void> {
    for (const line of text.trimEnd().split('\n')) {
      this.say(line === '' ? '' : `   ${paint(line)}`)
      await this.pause('line')
    }
    await this.pause('moment')
  }

  /** What was checked past the gateway, and holds. */
  async proves(text: string, fact: Fact): Promise<void> {
    this.facts.push(fact)
    this.say(`   ${this.colors.green('✔')} ${text}`)
    await this.pause('moment')
  }

  async pause(kind: keyof typeof PACE_MS): Promise<void> {
    this.#signal.throwIfAborted()
    if (!this.#fast) await sleep(PACE_MS[kind], undefined, { signal: this.#signal })
  }
}

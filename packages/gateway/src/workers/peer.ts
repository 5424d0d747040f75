import { z } from 'zod'

/** How messages get to another process of the same gateway: JSON, in order. */
export interface Channel {
  send(message: unknown): void
  /** Ends the channel; `lost` is called on both sides. */
  close(): void
}

/** What the other process may ask for, by name. What it rejects with reaches the asker as its message and no more. */
export type Answers = ReadonlyMap<string, (args: readonly unknown[]) => unknown>

/** More questions than this wait for an answer only when the other process no longer answers. */
const MAX_WAITING = 20_000

const message = z.union([
  z.strictObject({ ask: z.int(), call: z.string(), args: z.array(z.unknown()) }),
  z.strictObject({ answer: z.int(), result: z.unknown().optional() }),
  z.strictObject({ answer: z.int(), error: z.string() }),
])

/**
 * One end of the channel between two processes of a gateway: either may ask, and each answers what it said it would.
 * What is no message ends the channel, for whoever sent it is not what it was started as.
 */
export class Peer {
  readonly #channel: Channel
  readonly #answers: Answers
  readonly #onGarbled: (why: string) => void
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #last = 0
  #answering = 0
  #lost: Error | null = null

  constructor(channel: Channel, answers: Answers, onGarbled: (why: string) => void) {
    this.#channel = channel
    this.#answers = answers
    this.#onGarbled = onGarbled
  }

  /** Rejects when the other side refuses, when the channel is lost, and at once when too many wait already. */
  async ask(call: string, args: readonly unknown[] = []): Promise<unknown> {
    if (this.#lost) throw this.#lost
    if (this.#waiting.size >= MAX_WAITING) throw new Error(`${MAX_WAITING} questions wait for another process of this gateway, so no more are asked`)
    const waiting = Promise.withResolvers<unknown>()
    const ask = ++this.#last
    this.#waiting.set(ask, waiting)
    this.#channel.send({ ask, call, args })
    return waiting.promise
  }

  /** Whatever the channel delivers. */
  received(raw: unknown): void {
    if (this.#lost) return
    const parsed = message.safeParse(raw)
    if (!parsed.success) return this.#garbled('what came is no message')
    if ('ask' in parsed.data) void this.#answer(parsed.data)
    else this.#answered(parsed.data)
    return undefined
  }

  /** The other process is gone: nobody will answer any more. */
  lost(why: string): void {
    this.#lost ??= new Error(why)
    for (const waiting of this.#waiting.values()) waiting.reject(this.#lost)
    this.#waiting.clear()
  }

  #answered(answer: { readonly answer: number; readonly result?: unknown } | { readonly answer: number; readonly error: string }): void {
    const waiting = this.#waiting.get(answer.answer)
    if (!waiting) return this.#garbled('an answer came to what nobody had asked')
    this.#waiting.delete(answer.answer)
    if ('error' in answer) waiting.reject(new Error(answer.error))
    else waiting.resolve(answer.result)
    return undefined
  }

  async #answer({ ask, call, args }: { readonly ask: number; readonly call: string; readonly args: readonly unknown[] }): Promise<void> {
    const answer = await this.#work(call, args).then(
      (result) => ({ answer: ask, result }),
      (error: unknown) => ({ answer: ask, error: error instanceof Error ? error.message : String(error) }),
    )
    if (this.#lost === null) this.#channel.send(answer)
  }

  async #work(call: string, args: readonly unknown[]): Promise<unknown> {
    const work = this.#answers.get(call)
    if (!work) throw new Error(`nobody here answers ${call}`)
    if (this.#answering >= MAX_WAITING) throw new Error(`${MAX_WAITING} questions are being answered already`)
    this.#answering++
    try {
      return await work(args)
    } finally {
      this.#answering--
    }
  }

  #garbled(why: string): void {
    this.lost(`the channel between two processes of this gateway was ended: ${why}`)
    this.#onGarbled(why)
    this.#channel.close()
  }
}

import type { Duplex } from 'node:stream'
import type { Hold, HoldEnd, Notice } from '../adapter.ts'
import { noticeOf } from './refuse.ts'

/** A PostgreSQL client that may have to wait: told by NOTICE, and released by its cancel request, its disconnect or a deadline. */
export class ClientHold implements Hold {
  readonly #client: Duplex
  #controller: AbortController | null = null
  #gone = false

  constructor(client: Duplex) {
    this.#client = client
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#gone) this.#controller.abort('disconnected' satisfies HoldEnd)
    return this.#controller.signal
  }

  tell(notice: Notice): void {
    this.#client.write(noticeOf(notice))
    sendNow(this.#client)
  }

  /** True when somebody was waiting. */
  end(why: HoldEnd): boolean {
    if (why === 'disconnected') this.#gone = true
    const waiting = this.#controller !== null
    this.#controller?.abort(why)
    return waiting
  }

  /** The wait is over; the next one starts anew. */
  reset(): void {
    this.#controller = null
  }
}

/** What was written and kept back until more of it was there (`cork`) is on its way. */
export function sendNow(client: Duplex): void {
  while (client.writableCorked > 0) client.uncork()
}

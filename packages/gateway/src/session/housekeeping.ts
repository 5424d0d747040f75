import type { Context } from '../workflow/context.ts'
import { endWithSession, expireDueGrants } from '../workflow/grants.ts'
import { expireDueRequests } from '../workflow/requests.ts'

const SWEEP_MS = 500
const BEAT_MS = 5_000
/** A gateway that has not been heard of for this long is dead, and so are its sessions. */
const DEAD_MS = 30_000

/** What a gateway does by the clock: ends what is due, says that it lives, and closes the records that the dead left open. */
export class Housekeeping {
  readonly #context: Context
  readonly #onError: (error: unknown) => void
  readonly #timers: NodeJS.Timeout[] = []
  #sweeping = false

  constructor(context: Context, onError: (error: unknown) => void) {
    this.#context = context
    this.#onError = onError
  }

  /** Call before the first connection: sessions that this gateway left open when it died are closed in the record. */
  async start(): Promise<void> {
    const { store, clock, journal } = this.#context
    await store.gateways.beat(journal.gateway, clock.now())
    await this.#closeSessions(journal.gateway, 'the gateway was restarted')
    this.#timers.push(
      setInterval(() => void this.#sweep(), SWEEP_MS),
      setInterval(() => void this.#beat().catch(this.#onError), BEAT_MS),
    )
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer)
  }

  async #sweep(): Promise<void> {
    if (this.#sweeping) return
    this.#sweeping = true
    try {
      await expireDueRequests(this.#context)
      await expireDueGrants(this.#context)
    } catch (error) {
      this.#onError(error)
    } finally {
      this.#sweeping = false
    }
  }

  async #beat(): Promise<void> {
    const { store, clock, journal } = this.#context
    const now = clock.now()
    await store.gateways.beat(journal.gateway, now)
    const dead = (await store.gateways.list()).filter(({ id, seenAt }) => id !== journal.gateway && seenAt < now - DEAD_MS)
    for (const { id } of dead) await this.#closeSessions(id, 'its gateway is gone')
  }

  async #closeSessions(gateway: string, reason: string): Promise<void> {
    const { store, clock, journal } = this.#context
    for (const session of await store.sessions.list({ live: true, gateway })) {
      const closed = await store.sessions.save({ ...session, version: session.version + 1, endedAt: clock.now(), endReason: reason })
      if (!closed) continue
      await journal.append({ type: 'session.ended', body: { session: session.id, reason } }, 'process')
      if (session.grant) await endWithSession(this.#context, session.grant)
    }
  }
}

import { expireDueGrants } from '../workflow/grants.ts'
import { expireDueRequests } from '../workflow/requests.ts'
import { closeRecord } from './records.ts'
import type { Services } from './services.ts'

const SWEEP_MS = 500
const BEAT_MS = 5_000
/** A gateway that has not been heard of for this long is dead, and so are its sessions. */
export const DEAD_MS = 30_000

/** A worker keeps its own sessions' records; what is due, and who is dead, is looked after by its gateway. */
export type Role = 'gateway' | 'worker'

/** What a gateway does by the clock: ends what is due, says that it lives, and closes the records that nobody else will. */
export class Housekeeping {
  readonly #services: Omit<Services, 'tokens'>
  readonly #role: Role
  readonly #timers: NodeJS.Timeout[] = []
  /** What each other gateway last said, and since when we have heard nothing newer, on our own monotonic clock. */
  readonly #heard = new Map<string, { readonly seenAt: number; readonly since: number }>()
  /** What else is to be done about a gateway or worker that is known to be gone. */
  readonly #takeOver: (gateway: string) => Promise<void>
  #lookedAt = 0
  #sweeping = false

  constructor(services: Omit<Services, 'tokens'>, role: Role = 'gateway', takeOver: (gateway: string) => Promise<void> = () => Promise.resolve()) {
    this.#takeOver = takeOver
    this.#services = services
    this.#role = role
  }

  /** Call before the first connection: sessions that this gateway left open when it died are closed in the record. Of `told` the ledger has heard already. */
  async start(told: ReadonlySet<string>): Promise<void> {
    const { journal } = this.#services.context
    await this.#sayThatItLives()
    await this.closeSessions(journal.gateway, `the ${this.#role} was restarted`, told)
    this.#timers.push(setInterval(() => void this.beat().catch((error: unknown) => this.#services.onError(error)), BEAT_MS))
    if (this.#role === 'gateway') this.#timers.push(setInterval(() => void this.#sweep(), SWEEP_MS))
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer)
  }

  /** Says that this gateway lives, and closes what it could not close itself, and what dead gateways have left. */
  async beat(): Promise<void> {
    if (this.#services.health.silence !== null) return
    await this.#sayThatItLives()
    await this.#closeForgotten()
    if (this.#role === 'worker') return
    for (const id of await this.#dead()) await this.#closeLost(id)
  }

  async #sayThatItLives(): Promise<void> {
    const { store, clock, journal, config } = this.#services.context
    await store.gateways.beat(journal.gateway, clock.now(), this.#role === 'gateway' ? config.url : null)
  }

  async #sweep(): Promise<void> {
    if (this.#sweeping || this.#services.health.silence !== null) return
    this.#sweeping = true
    try {
      await expireDueRequests(this.#services.context)
      await expireDueGrants(this.#services.context)
    } catch (error) {
      this.#services.onError(error)
    } finally {
      this.#sweeping = false
    }
  }

  /** Judged by our own clock alone, for theirs may be wrong; and only while we could have heard them. */
  async #dead(): Promise<readonly string[]> {
    const { store, clock, journal } = this.#services.context
    const others = (await store.gateways.list()).filter(({ id }) => id !== journal.gateway)
    const now = clock.monotonic()
    if (now - this.#lookedAt > 3 * BEAT_MS) this.#heard.clear()
    this.#lookedAt = now
    for (const { id, seenAt } of others) if (this.#heard.get(id)?.seenAt !== seenAt) this.#heard.set(id, { seenAt, since: now })
    return others.map(({ id }) => id).filter((id) => now - (this.#heard.get(id)?.since ?? now) >= DEAD_MS)
  }

  /** The store did not answer when these ended. The ledger has known it since then. */
  async #closeForgotten(): Promise<void> {
    const { context, registry } = this.#services
    const open = await context.store.sessions.list({ live: true, gateway: context.journal.gateway })
    for (const { id } of open) if (!registry.has(id)) await closeRecord(context, id, 'it ended while the store did not answer')
  }

  /**
   * How these ended their own gateway may have recorded where nobody else can read it now, and says when it is back. So the ledger hears who has not been
   * heard of, and not of an end, of which there would be two.
   */
  async #closeLost(gateway: string): Promise<void> {
    const { context } = this.#services
    for (const { id } of await context.store.sessions.list({ live: true, gateway })) {
      if (await closeRecord(context, id, 'its gateway is gone'))
        await context.journal.append({ type: 'session.lost', body: { session: id, gateway } }, 'process')
    }
    await this.#takeOver(gateway)
  }

  /** Ends the records of sessions that this gateway, or a worker of it that is gone, has left open. Of the end of those in `told` the ledger has been told. */
  async closeSessions(gateway: string, reason: string, told: ReadonlySet<string>): Promise<void> {
    const { context } = this.#services
    for (const { id } of await context.store.sessions.list({ live: true, gateway })) {
      if ((await closeRecord(context, id, reason)) && !told.has(id))
        await context.journal.append({ type: 'session.ended', body: { session: id, reason } }, 'process')
    }
    await this.#takeOver(gateway)
  }
}

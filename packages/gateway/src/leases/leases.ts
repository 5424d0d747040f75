import type { AccountKeeper, Lease, Lessor, Session } from '../adapters/adapter.ts'
import type { Services } from '../session/services.ts'
import type { LeaseRecord } from '../store/store.ts'
import { newId } from '../workflow/ids.ts'
import { isDue, nextAttempt } from './pause.ts'

const SWEEP_MS = 5_000

/**
 * Gives sessions accounts of their own on targets, and takes them away again. What an account is goes into the store and the ledger before it is
 * made, so that whatever happens in between it is found. Its removal is tried again until it is gone, by the gateway that made it or, once that is
 * dead, by the one that takes its leases over; a live sibling's leases are left alone.
 */
export class Leases implements Lessor {
  readonly #services: Pick<Services, 'context' | 'registry' | 'onError'>
  readonly #keeper: AccountKeeper
  readonly #ending = new Map<string, Promise<void>>()
  #timer: NodeJS.Timeout | null = null

  constructor(services: Pick<Services, 'context' | 'registry' | 'onError'>, keeper: AccountKeeper) {
    this.#services = services
    this.#keeper = keeper
  }

  /** What was left behind when this gateway died is removed from now on. */
  start(): void {
    const sweep = () => void this.sweep().catch((error: unknown) => this.#services.onError(error))
    this.#timer = setInterval(sweep, SWEEP_MS)
    sweep()
  }

  /** What is not removed by now is removed after the next start. */
  stop(): void {
    if (this.#timer) clearInterval(this.#timer)
  }

  async lease(session: Session, resource: string): Promise<Lease> {
    session.signal.throwIfAborted()
    const { context } = this.#services
    const account = this.#keeper.invent(session)
    const lease: LeaseRecord = {
      id: newId('lease'),
      version: 1,
      kind: this.#keeper.kind,
      resource,
      account: account.name,
      session: session.id,
      gateway: context.journal.gateway,
      state: 'live',
      createdAt: context.clock.now(),
      endsAt: account.endsAt,
      attempts: 0,
      lastError: null,
      nextAt: null,
      removedAt: null,
    }
    await context.store.leases.insert(lease)
    const { id, kind, endsAt } = lease
    await context.journal.append({ type: 'lease.made', body: { lease: id, kind, resource, account: account.name, session: session.id, endsAt } }, 'process')
    try {
      await this.#keeper.make(resource, account)
      return { account, end: () => this.#end(lease) }
    } catch (error) {
      this.#end(lease) // it may be there all the same
      throw error
    }
  }

  /** Resolves when every account whose session is over was removed, or at least tried to be. */
  async ended(): Promise<void> {
    await Promise.all(this.#ending.values())
  }

  /** A gateway or worker that is known to be gone removes nothing any more: this one does from now on. */
  async takeOver(gateway: string): Promise<void> {
    const { store, journal } = this.#services.context
    if (gateway === journal.gateway) return
    for (const lease of await store.leases.list({ open: true, gateway }))
      await store.leases.save({ ...lease, version: lease.version + 1, gateway: journal.gateway, state: 'removing', nextAt: null })
  }

  /** Removes what is due of all that is this gateway's own and belongs to no live session. */
  async sweep(): Promise<void> {
    const { context, registry } = this.#services
    const open = await context.store.leases.list({ open: true, gateway: context.journal.gateway })
    const now = context.clock.now()
    for (const lease of open) if ((lease.state === 'removing' || !registry.has(lease.session)) && isDue(lease.nextAt, now)) this.#end(lease)
  }

  #end(lease: LeaseRecord): void {
    if (this.#ending.has(lease.id)) return
    const ending = this.#remove(lease)
      .catch((error: unknown) => this.#services.onError(error))
      .finally(() => this.#ending.delete(lease.id))
    this.#ending.set(lease.id, ending)
  }

  /** The target first: a store that is silent keeps nobody's account alive. What it could not be told is found by the next sweep. */
  async #remove(lease: LeaseRecord): Promise<void> {
    const { context } = this.#services
    const { id, resource, account, session } = lease
    const tried = { ...lease, version: lease.version + 1, attempts: lease.attempts + 1 }
    try {
      await this.#keeper.remove(resource, account)
    } catch (error) {
      const lastError = messageOf(error)
      await context.store.leases.save({ ...tried, state: 'removing', lastError, nextAt: nextAttempt(tried.attempts, context.clock.now()) })
      throw new Error(`${account} on ${resource} (${id}) is not removed yet, attempt ${tried.attempts}: ${lastError}`, { cause: error })
    }
    await context.journal.append({ type: 'lease.removed', body: { lease: id, resource, account, session, attempts: tried.attempts } }, 'process')
    await context.store.leases.save({ ...tried, state: 'removed', lastError: null, nextAt: null, removedAt: context.clock.now() })
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

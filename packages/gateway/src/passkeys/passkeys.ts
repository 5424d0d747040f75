import { randomBytes } from 'node:crypto'
import type { CreationOptions, Registration } from '@countersign/contract/schemas/webauthn'
import { DomainError } from '@countersign/core/error'
import { principalId } from '@countersign/core/principal'
import type { Clock } from '../clock.ts'
import { type Caller, seesAll, type Users } from '../identity/caller.ts'
import type { Leaving } from '../identity/leaving.ts'
import type { Event, Journal } from '../journal/journal.ts'
import type { PasskeyRecord, PasskeyStatus, Store } from '../store/store.ts'
import { WorkflowError } from '../workflow/workflow.ts'
import { enrolmentWaits, isAsked, isUnagreed, mayAgree, removalWaits } from './agreeing.ts'
import type { Ceremonies } from './ceremonies.ts'
import { assertRecent } from './recent.ts'

/** More than anybody has use for. */
const MOST = 20

export interface PasskeysOptions {
  readonly store: Pick<Store, 'passkeys'>
  readonly directory: Pick<Users, 'user' | 'users'>
  readonly leaving: Pick<Leaving, 'end'>
  readonly journal: Pick<Journal, 'append' | 'gateway'>
  readonly clock: Pick<Clock, 'now'>
  readonly ceremonies: Ceremonies
}

/** For whom a passkey is enrolled, and who brought that about. */
export interface Enrolling {
  readonly user: string
  readonly by: string
  /** The invitation, where that is what he came with. */
  readonly invite: string | null
  /** What its owner calls it. */
  readonly name: string
}

/** Which passkeys there are, and whose. Each change is in the ledger before it is in the store, but that one counts no longer is first so. */
export class Passkeys {
  readonly #options: PasskeysOptions

  constructor(options: PasskeysOptions) {
    this.#options = options
  }

  /** The caller's own; everybody's, or another user's, for admins and auditors. */
  async list(caller: Caller, { user, status }: { readonly user: string | null; readonly status: PasskeyStatus | null }): Promise<readonly PasskeyRecord[]> {
    const own = caller.principal.user
    if (caller.principal.agent !== null) throw new WorkflowError('forbidden', 'what somebody signs in with is his own to see, and not for an agent of his')
    if (user !== null && user !== own && !seesAll(caller)) throw new WorkflowError('forbidden', "others' passkeys are for admins and auditors")
    const whose = user ?? (seesAll(caller) ? null : own)
    return this.#options.store.passkeys.list({ ...(whose === null ? {} : { user: whose }), ...(status === null ? {} : { status }) })
  }

  /** Those that another admin is asked about, of whomever. */
  async asked(caller: Caller): Promise<readonly PasskeyRecord[]> {
    const { store, directory } = this.#options
    if (!seesAll(caller)) throw new WorkflowError('forbidden', "others' passkeys are for admins and auditors")
    const waiting = directory.users().filter(({ adminWaits }) => adminWaits)
    const filters = [{ status: 'waiting' }, { status: 'leaving' }, ...waiting.map(({ name }) => ({ user: name, status: 'active' }) as const)] as const
    const found = await Promise.all(filters.map((filter) => store.passkeys.list(filter)))
    return found.flat().filter((passkey) => isAsked(directory, passkey))
  }

  isAsked(passkey: PasskeyRecord): boolean {
    return isAsked(this.#options.directory, passkey)
  }

  /** True where this caller may say whether it counts. */
  mayReview({ principal, admin, mayReview, by }: Caller, passkey: PasskeyRecord): boolean {
    return by.kind !== 'local' && principal.agent === null && mayReview && mayAgree(this.#options.directory, { name: principal.user, admin }, passkey)
  }

  /** For a further one of his own. */
  async optionsToAdd(caller: Caller): Promise<CreationOptions> {
    this.#assertMayAdd(caller)
    return this.optionsFor(caller.principal.user, addAbout(caller))
  }

  async add(caller: Caller, name: string, registration: Registration): Promise<PasskeyRecord> {
    this.#assertMayAdd(caller)
    const { user } = caller.principal
    return this.enrol({ user, by: user, invite: null, name }, addAbout(caller), registration)
  }

  /** `about`: what its challenge is for. */
  async optionsFor(user: string, about: string): Promise<CreationOptions> {
    const has = await this.#standing(user)
    if (has.length >= MOST) throw new WorkflowError('invalid', `${user} has ${has.length} passkeys already: remove one that is not used`)
    return this.#options.ceremonies.creation(about, { name: user, displayName: this.#options.directory.user(user)?.displayName ?? null }, has)
  }

  async enrol({ user, by, invite, name }: Enrolling, about: string, registration: Registration, claim = () => Promise.resolve()): Promise<PasskeyRecord> {
    const { ceremonies, store, directory, journal, clock } = this.#options
    const made = await ceremonies.created(about, registration)
    if (await store.passkeys.findByCredential(made.credential)) throw new DomainError('signature-refused', 'this passkey is enrolled already')
    await claim()
    const id = `pk-${randomBytes(6).toString('hex')}`
    const waits = enrolmentWaits(directory, user)
    const { publicKey: key, credential, algorithm, rpId } = made
    const { seq } = await journal.append(
      { type: 'passkey.enrolled', body: { passkey: id, user, key, algorithm, credential, rpId, waits, by, invite }, secret: { name }, person: user },
      'disk',
    )
    const rest = { version: 1, user, name, status: waits ? 'waiting' : 'active', by, createdAt: clock.now(), lastUsedAt: null, removedAt: null } as const
    const agreed = !waits && directory.user(user)?.admin === true
    const passkey: PasskeyRecord = { ...made, ...rest, id, agreed, entries: [{ gateway: journal.gateway, seq }] }
    if (!(await store.passkeys.insert(passkey))) throw new DomainError('signature-refused', 'this passkey is enrolled already')
    return passkey
  }

  /** His own, or anybody's for an admin: it counts no longer from now on. */
  async remove(caller: Caller, id: string): Promise<PasskeyRecord> {
    const { directory, clock } = this.#options
    if (caller.principal.agent !== null) throw new WorkflowError('forbidden', 'an agent removes no passkeys; its user does')
    assertRecent(caller, clock.now())
    const by = principalId(caller.principal)
    return this.#change(caller, id, (passkey) => {
      if (passkey.status === 'removed' || passkey.status === 'leaving') throw new WorkflowError('invalid', `${id} is removed already`)
      if (passkey.user !== by && !caller.admin) throw new WorkflowError('forbidden', `${id} is ${passkey.user}'s: only an admin removes it, and he himself`)
      const waits = passkey.status === 'active' && removalWaits(directory, passkey.user, by)
      const next = waits ? ({ status: 'leaving', by } as const) : ({ status: 'removed', removedAt: clock.now() } as const)
      return { next, event: { type: 'passkey.removed', body: { passkey: id, user: passkey.user, waits, by } }, ends: this.#endsAll(passkey) }
    })
  }

  /** Another admin agrees to what it waits for, or does not. */
  async review(caller: Caller, id: string, approve: boolean): Promise<PasskeyRecord> {
    const { clock } = this.#options
    assertRecent(caller, clock.now())
    return this.#change(caller, id, (passkey) => {
      if (!this.isAsked(passkey)) throw new WorkflowError('invalid', `${id} is ${passkey.status}: nobody is asked`)
      if (!this.mayReview(caller, passkey))
        throw new WorkflowError('forbidden', `another admin than ${passkey.user} and ${passkey.by} agrees to this, who may review`)
      const isLeaving = passkey.status === 'leaving'
      const counts = isLeaving !== approve
      const agreed = passkey.agreed || !isLeaving
      const next = counts ? ({ status: 'active', agreed } as const) : ({ status: 'removed', removedAt: clock.now() } as const)
      const body = { passkey: id, user: passkey.user, approve, counts, by: principalId(caller.principal) }
      return { next, event: { type: 'passkey.reviewed', body }, ends: this.#endsAll(passkey) }
    })
  }

  /** With a key that nobody agreed to its owner becomes an admin once it is gone: nothing that was had with it may go on then. */
  #endsAll(passkey: PasskeyRecord): boolean {
    return isUnagreed(passkey) && this.#options.directory.user(passkey.user)?.adminWaits === true
  }

  /** What there is of a user that was not removed, whether it counts or not. */
  async #standing(user: string): Promise<readonly PasskeyRecord[]> {
    return (await this.#options.store.passkeys.list({ user })).filter(({ status }) => status !== 'removed')
  }

  /**
   * What comes to count is recorded first, and what comes to count no longer is saved first: a ledger or a store that fails leaves a key that does not count. The
   * place of the entry is written down with it, or behind it.
   */
  async #change(caller: Caller, id: string, step: (passkey: PasskeyRecord) => Step): Promise<PasskeyRecord> {
    const { store, journal, leaving } = this.#options
    for (;;) {
      const passkey = await store.passkeys.get(id)
      if (!passkey || !(seesAll(caller) || passkey.user === caller.principal.user)) throw new WorkflowError('not-found', `there is no passkey ${id}`)
      const { next, event, ends } = step(passkey)
      const changed = { ...passkey, ...next, version: passkey.version + 1 }
      const record = async () => ({ gateway: journal.gateway, seq: (await journal.append(event, 'disk')).seq })
      if (next.status === 'active') {
        const recorded = { ...changed, entries: [...passkey.entries, await record()] }
        if (await store.passkeys.save(recorded)) return recorded
      } else if (await store.passkeys.save(changed)) {
        if (ends && next.status === 'removed') await leaving.end(passkey.user, principalId(caller.principal), `${id} was removed`)
        return this.#placed(changed, await record())
      }
    }
  }

  /** Whoever changed it meanwhile is not undone. */
  async #placed(passkey: PasskeyRecord, place: PasskeyRecord['entries'][number]): Promise<PasskeyRecord> {
    const { store } = this.#options
    for (let current: PasskeyRecord | null = passkey; current !== null; current = await store.passkeys.get(passkey.id)) {
      const next = { ...current, version: current.version + 1, entries: [...current.entries, place] }
      if (await store.passkeys.save(next)) return next
    }
    return passkey
  }

  #assertMayAdd(caller: Caller): void {
    if (caller.by.kind !== 'login')
      throw new WorkflowError(
        'forbidden',
        'a passkey is added by who is signed in on the web; for anybody else an admin makes a link (`countersign user invite`)',
      )
    assertRecent(caller, this.#options.clock.now())
  }
}

interface Step {
  readonly next: Partial<Pick<PasskeyRecord, 'by' | 'removedAt' | 'agreed'>> & Pick<PasskeyRecord, 'status'>
  readonly event: Event
  /** Where it is removed now, all that its owner has ends. */
  readonly ends: boolean
}

/** A challenge is answered in the browser that asked for it. */
const addAbout = ({ by, principal }: Caller): string => `add ${principal.user} ${by.kind === 'login' ? by.id : ''}`

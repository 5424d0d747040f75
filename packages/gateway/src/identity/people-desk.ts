import { randomBytes } from 'node:crypto'
import { principalId } from '@countersign/core/principal'
import type { Clock } from '../clock.ts'
import { isGroupName, isUserName } from '../config/names.ts'
import type { Journal } from '../journal/journal.ts'
import type { PersonRecord, Store } from '../store/store.ts'
import { WorkflowError } from '../workflow/workflow.ts'
import { type Caller, type Said, seesAll, type User } from './caller.ts'
import type { Directory } from './directory.ts'
import type { Leaving } from './leaving.ts'

/** In the ledger: why what he had has ended. */
const DISABLED = 'disabled'

export interface PeopleOptions {
  readonly store: Pick<Store, 'people'>
  readonly directory: Pick<Directory, 'users' | 'said' | 'learn'>
  readonly leaving: Pick<Leaving, 'end'>
  readonly journal: Pick<Journal, 'append'>
  readonly clock: Pick<Clock, 'now'>
}

/** What this gateway's own admins say of people: the source `local` of the directory. Each change is an entry of the ledger. */
export class PeopleDesk {
  readonly #options: PeopleOptions

  constructor(options: PeopleOptions) {
    this.#options = options
  }

  /** Everybody, by name; the disabled too. */
  list(caller: Caller): readonly User[] {
    if (!seesAll(caller)) throw new WorkflowError('forbidden', 'who there is, is for admins and auditors')
    return this.#options.directory.users()
  }

  /** What each source says of somebody. */
  said(caller: Caller, user: string): readonly Said[] {
    if (!seesAll(caller)) throw new WorkflowError('forbidden', 'who there is, is for admins and auditors')
    return this.#options.directory.said(user)
  }

  /** Somebody whom nobody knows yet. Throws WorkflowError `invalid`. */
  async introduce(by: Caller, { user, groups, admin }: { readonly user: string; readonly groups: readonly string[]; readonly admin: boolean }): Promise<void> {
    if (!isUserName(user)) throw new WorkflowError('invalid', 'a user name has no spaces and no slash, and is not local-admin')
    const odd = groups.find((group) => !isGroupName(group))
    if (odd !== undefined) throw new WorkflowError('invalid', `a group is a word without spaces, commas and quotes, which ${JSON.stringify(odd)} is not`)
    const person = this.#local(user, { groups: [...new Set(groups)].sort(), admin })
    await this.#record(by, person)
    if (!(await this.#options.store.people.insert(person))) throw new WorkflowError('invalid', `${user} has just been introduced by somebody else`)
  }

  /** Whatever other sources say, he may do nothing: he is refused first, and then what he has ends for good. */
  async disable(by: Caller, user: string): Promise<void> {
    this.#assertAdmin(by)
    if (user === by.principal.user) throw new WorkflowError('forbidden', 'nobody disables himself; another admin does')
    await this.#change(by, user, false)
    await this.#options.leaving.end(user, principalId(by.principal), DISABLED)
  }

  /** He has nothing of what he had: what came into being while not every gateway knew that he was disabled, and what could not be ended then, ends first. */
  async enable(by: Caller, user: string): Promise<void> {
    const { store, leaving } = this.#options
    this.#assertAdmin(by)
    const [known] = await store.people.list({ name: user, source: 'local' })
    if (known?.active === false) await leaving.end(user, principalId(by.principal), DISABLED)
    await this.#change(by, user, true)
    const others = await store.people.list({ name: user })
    const { source } = others.find(({ active }) => !active) ?? {}
    if (source !== undefined) throw new WorkflowError('invalid', `${user} stays disabled: ${source} says so, and has to say otherwise`)
  }

  async #change(by: Caller, user: string, active: boolean): Promise<void> {
    const { store, directory, clock } = this.#options
    if (!directory.users().some(({ name }) => name === user)) throw new WorkflowError('not-found', `there is nobody called ${user}`)
    for (;;) {
      const [known] = await store.people.list({ name: user, source: 'local' })
      if (known ? known.active === active : active) return
      const disabledBy = active ? null : principalId(by.principal)
      const person = known
        ? { ...known, version: known.version + 1, active, disabledBy, updatedAt: clock.now() }
        : { ...this.#local(user, { active }), disabledBy }
      // Whom the ledger does not know to be enabled must not be so; disabling does not wait for it.
      if (active) await this.#record(by, person)
      if (!(await (known ? store.people.save(person) : store.people.insert(person)))) continue
      await directory.learn(person.id) // so that nothing new is given here to whom all is taken next
      if (!active) await this.#record(by, person)
      return
    }
  }

  #local(user: string, { groups = [], admin = false, active = true }: { groups?: readonly string[]; admin?: boolean; active?: boolean }): PersonRecord {
    const now = this.#options.clock.now()
    const about = { groups, admin, auditor: false, active, displayName: null, email: null, createdAt: now, updatedAt: now, until: null }
    return { id: `person-${randomBytes(6).toString('hex')}`, version: 1, name: user, source: 'local', externalId: null, ...about }
  }

  async #record({ principal }: Caller, { name, source, groups, admin, auditor, active }: PersonRecord): Promise<void> {
    const body = { user: name, source, by: principalId(principal), groups, admin, auditor, active }
    await this.#options.journal.append({ type: 'person.changed', body }, 'disk')
  }

  #assertAdmin({ admin, principal }: Caller): void {
    if (!admin || principal.agent !== null) throw new WorkflowError('forbidden', 'people are for admins')
  }
}

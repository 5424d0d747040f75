import { createHash, randomBytes } from 'node:crypto'
import type { CreationOptions, Registration } from '@countersign/contract/schemas/webauthn'
import { principalId } from '@countersign/core/principal'
import { type Caller, seesAll } from '../identity/caller.ts'
import type { PeopleDesk } from '../identity/people-desk.ts'
import type { InviteRecord, PasskeyRecord, Store } from '../store/store.ts'
import { WorkflowError } from '../workflow/workflow.ts'
import { isToBeAdmin, leavesNobody } from './agreeing.ts'
import { OpenInvites } from './open-invites.ts'
import type { Passkeys, PasskeysOptions } from './passkeys.ts'
import { assertRecent } from './recent.ts'

const DEFAULT_LIFE_MS = 86_400_000
const LONGEST_LIFE_MS = 30 * DEFAULT_LIFE_MS

/** Who is invited. `groups` and `admin` are of somebody whom nobody knows yet; null where nothing was said. */
export interface Invitation {
  readonly user: string
  readonly groups: readonly string[] | null
  readonly admin: boolean | null
  readonly ttlMs: number | null
}

interface InvitesOptions extends Omit<PasskeysOptions, 'store'> {
  readonly store: Pick<Store, 'invites'>
  readonly passkeys: Passkeys
  readonly people: Pick<PeopleDesk, 'introduce'>
}

/** Links with which somebody enrols a passkey, once: how people without an issuer come in, and how who has lost his keys comes back. The store has a hash of each secret. */
export class Invites {
  readonly #options: InvitesOptions
  readonly #open: OpenInvites

  constructor(options: InvitesOptions) {
    this.#options = options
    this.#open = new OpenInvites(options)
  }

  /** `link` is returned here once. The secret is in its fragment, which a browser sends to nobody. */
  async create(by: Caller, invitation: Invitation): Promise<{ readonly record: InviteRecord; readonly link: string }> {
    const { store, journal, clock, ceremonies } = this.#options
    this.#assertMayInvite(by)
    const { user, ttlMs } = invitation
    const party = ceremonies.relyingParty
    if (!party)
      throw new WorkflowError(
        'invalid',
        'set `url` to the https address, with a name, under which people open this gateway: browsers make no passkeys otherwise',
      )
    if (ttlMs !== null && ttlMs > LONGEST_LIFE_MS) throw new WorkflowError('invalid', 'a link is good for 30 days at most')
    await this.#introduce(by, invitation)
    const secret = randomBytes(32).toString('base64url')
    const createdAt = clock.now()
    const expiresAt = createdAt + (ttlMs ?? DEFAULT_LIFE_MS)
    const id = `inv-${randomBytes(6).toString('hex')}`
    const record: InviteRecord = {
      id,
      version: 1,
      hash: hashOf(secret),
      user,
      createdBy: principalId(by.principal),
      createdAt,
      expiresAt,
      usedAt: null,
      revokedAt: null,
    }
    await journal.append({ type: 'invite.created', body: { invite: id, user, by: record.createdBy, expiresAt } }, 'disk')
    await store.invites.insert(record)
    return { record, link: `${party.origin}/enrol#${secret}` }
  }

  async list(caller: Caller): Promise<readonly InviteRecord[]> {
    if (!seesAll(caller)) throw new WorkflowError('forbidden', 'who was invited is for admins and auditors')
    return this.#options.store.invites.list()
  }

  async revoke(by: Caller, id: string): Promise<InviteRecord> {
    this.#assertMayInvite(by)
    const revoked = await this.#open.revoke(id, principalId(by.principal))
    if (revoked) return revoked
    const invite = await this.#options.store.invites.get(id)
    if (!invite) throw new WorkflowError('not-found', `there is no invitation ${id}`)
    throw new WorkflowError('invalid', `${id} was ${invite.usedAt === null ? 'revoked' : 'used'} already`)
  }

  /** What to ask the browser for that holds this link. */
  async options(secret: string): Promise<{ readonly invite: InviteRecord; readonly options: CreationOptions }> {
    const invite = await this.#find(secret)
    return { invite, options: await this.#options.passkeys.optionsFor(invite.user, aboutOf(invite)) }
  }

  /** The link is used up by the first passkey that is good. */
  async enrol(secret: string, name: string, registration: Registration): Promise<PasskeyRecord> {
    const { store, passkeys, clock } = this.#options
    const invite = await this.#find(secret)
    const { user, createdBy: by, id } = invite
    return passkeys.enrol({ user, by, invite: id, name }, aboutOf(invite), registration, async () => {
      if (!(await store.invites.save({ ...invite, version: invite.version + 1, usedAt: clock.now() }))) throw over()
    })
  }

  async #find(secret: string): Promise<InviteRecord> {
    const { store, clock, directory } = this.#options
    const invite = await store.invites.findByHash(hashOf(secret))
    if (!invite || invite.usedAt !== null || invite.revokedAt !== null || clock.now() >= invite.expiresAt || !directory.user(invite.user)) throw over()
    return invite
  }

  /** Somebody known is who he is by whoever knows him; an invitation makes him no more than that. */
  async #introduce(by: Caller, { user, groups, admin }: Invitation): Promise<void> {
    const { directory, people } = this.#options
    const known = directory.users().find(({ name }) => name === user)
    if (known && !known.active) throw new WorkflowError('invalid', `${user} is disabled: \`countersign user enable ${user}\` first`)
    if (known && (groups !== null || admin !== null))
      throw new WorkflowError('invalid', `${user} is known already (${known.sources.join(', ')}): groups and admin are said there, and not in an invitation`)
    if (leavesNobody(directory, user, by.principal.user, known ? isToBeAdmin(known) : admin === true))
      throw new WorkflowError(
        'forbidden',
        `another admin than ${user} and you has to agree to a key of an admin, and there is none: on the gateway's own host invite with --data DIR, and agree to it then`,
      )
    if (!known) await people.introduce(by, { user, groups: groups ?? [], admin: admin ?? false })
  }

  #assertMayInvite(by: Caller): void {
    if (!by.admin || by.principal.agent !== null) throw new WorkflowError('forbidden', 'people are invited by admins')
    assertRecent(by, this.#options.clock.now())
  }
}

const aboutOf = ({ id }: InviteRecord): string => `enrol ${id}`

const hashOf = (secret: string) => createHash('sha256').update(secret).digest('hex')

/** The same for all of it: who guesses learns nothing. */
const over = () => new WorkflowError('not-found', 'this link was used, has expired, or was taken back: ask for another one')

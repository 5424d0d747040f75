import { withoutPerson, withoutWordsOf } from '@countersign/core/erasure'
import { DomainError } from '@countersign/core/error'
import { CLOCKS_MS } from '@countersign/core/grant'
import type { Principal } from '@countersign/core/principal'
import type { Request } from '@countersign/core/request'
import { gatewayOf } from '../journal/files.ts'
import type { Event } from '../journal/journal.ts'
import type { Erasure, SessionRecord, Store } from '../store/store.ts'
import type { Context } from '../workflow/context.ts'
import { revokeGrant } from '../workflow/grants.ts'
import { withdrawRequest } from '../workflow/requests.ts'

type About = Pick<Erasure, 'user' | 'by' | 'at'>

/** Connections of a user that this gateway has, or one of its workers, since before a time of its own clock. */
export async function sessionsHere({ store, journal }: Context, user: string, before: number): Promise<readonly SessionRecord[]> {
  const live = await store.sessions.list({ user, live: true })
  return live.filter(({ gateway, startedAt }) => gatewayOf(gateway) === journal.gateway && startedAt <= before)
}

/** Cuts them: each remembers what it was opened for. */
export async function cutSessions({ store, owed, clock }: Context, sessions: readonly SessionRecord[], by: string): Promise<void> {
  for (const session of sessions) {
    if (session.cut !== null) continue
    const cut = { by, reason: `killed by ${by}: the personal data of its user is erased` }
    const killed: Event = { type: 'session.killed', body: { session: session.id, by, at: clock.now() } }
    await owed.change([killed], (kept) => store.sessions.save({ ...session, version: session.version + 1, cut }, kept))
  }
}

/** Ends what he can come back with, and takes out of the store who he is beside his name. The store is one, so one gateway does it for all. */
export async function eraseIdentity({ store, journal, clock }: Context & { readonly store: Store }, { user, by, at }: About): Promise<void> {
  const [why, before] = ['the personal data of its user is erased', at + CLOCKS_MS]
  for (const { id, method, createdAt } of await store.logins.list({ user, live: clock.now() })) {
    if (createdAt <= before && (await store.logins.end(id, clock.now())))
      await journal.append({ type: 'login.ended', body: { login: id, principal: user, method, by, why } }, 'disk')
  }
  for (const invite of await store.invites.list()) {
    if (invite.user !== user || invite.createdAt > before || invite.usedAt !== null || invite.revokedAt !== null) continue
    if (await store.invites.save({ ...invite, version: invite.version + 1, revokedAt: clock.now() }))
      await journal.append({ type: 'invite.revoked', body: { invite: invite.id, user, by } }, 'disk')
  }
  await store.erasures.erasePerson(user, before)
}

/** Takes out of the store's requests, and of the grants that came of them, what policy marks as personal. What is asked later is nobody's to erase yet. */
export async function eraseRows(context: Context, about: About): Promise<void> {
  const { requests } = context.store
  const found = [...(await requests.list({ user: about.user })), ...(await requests.list({ reviewer: about.user }))]
  const marked = found.filter(
    (request) => request.createdAt <= about.at + CLOCKS_MS && (request.status === 'pending' || withoutPerson(request, about.user) !== null),
  )
  const asked = new Set<string>()
  for (const request of marked) {
    const isOwn = request.requester.user === about.user
    if (isOwn && withoutPerson(request, about.user) !== null) asked.add(request.id)
    if (isOwn && request.status === 'pending' && asked.has(request.id)) await withdraw(context, request)
  }
  await eraseGrants(context, about, asked)
  for (const { id } of marked) await eraseRequest(context, id, about.user)
}

/** Until nobody changes it meanwhile. */
async function eraseRequest({ store: { requests } }: Context, id: string, user: string): Promise<void> {
  for (;;) {
    const request = await requests.get(id)
    const next = request && withoutPerson(request, user)
    if (!next || (await requests.save(next))) return
  }
}

/** An approval is bound to what was asked, so it ends. */
async function eraseGrants(context: Context, { user, by }: About, asked: ReadonlySet<string>): Promise<void> {
  const admin: Principal = { user: by, agent: null, groups: [] }
  for (const { id, request, status, coverage } of await context.store.grants.list({ user })) {
    if (request === null || !asked.has(request) || coverage.kind === 'scope') continue
    if (status === 'active') await quietly(() => revokeGrant(context, id, admin, 'the personal data of its subject is erased'))
    const grant = await context.store.grants.get(id)
    const next = grant && withoutWordsOf(grant)
    if (next && !(await context.store.grants.save(next))) throw new Error(`${id} was changed while it was erased`)
  }
}

async function withdraw(context: Context, { id, requester }: Request): Promise<void> {
  await quietly(() => withdrawRequest(context, requester, id))
}

/** Somebody else was first. */
async function quietly(step: () => Promise<unknown>): Promise<void> {
  try {
    await step()
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
  }
}

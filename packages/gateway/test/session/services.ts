import { Tokens } from '../../src/identity/tokens.ts'
import { Registry } from '../../src/session/registry.ts'
import type { Services } from '../../src/session/services.ts'
import { LiveSession } from '../../src/session/session.ts'
import type { Store } from '../../src/store/store.ts'
import { grantForSession } from '../../src/workflow/grants.ts'
import { issuedEvent } from '../../src/workflow/requests.ts'
import { aSession } from '../store/values.ts'
import { ALICE, type Bed } from '../workflow/bed.ts'

/** What sessions work with, on a bed; `errors` is what went wrong beside a connection. */
export interface Made {
  readonly services: Services
  readonly registry: Registry
  readonly errors: unknown[]
}

export function servicesOf({ context }: Bed, store: Store = context.store): Made {
  const errors: unknown[] = []
  const onError = (error: unknown) => void errors.push(error)
  const registry = new Registry(store, onError, context.clock)
  const health = { silence: null }
  const tokens = new Tokens(context.directory, store.tokens, () => context.clock.now())
  return { services: { context: { ...context, store }, tokens, registry, health, onError }, registry, errors }
}

/** A live session of Alice's on `orders`, with its record and its grant in the store. */
export async function openSession({ services, registry }: Made, id: string, ms = 3_600_000): Promise<LiveSession> {
  const { context } = services
  const resource = context.config.resources['orders']
  if (!resource) throw new Error('there is no orders')
  const grant = grantForSession(context, ALICE, 'orders', id, ms)
  await context.journal.append(issuedEvent(grant), 'process')
  await context.store.sessions.insert(aSession({ id, gateway: context.journal.gateway, resource: 'orders', grant: grant.id, endsAt: grant.endsAt }), grant)
  const session = new LiveSession(
    { id, principal: ALICE, scope: null, token: 'tok-1', resource, grant, endsAt: grant.endsAt, purpose: { reason: null, ticket: null } },
    services,
  )
  registry.add(session)
  return session
}

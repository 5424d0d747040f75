import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { Cut } from './adapters/adapter.ts'
import type { Admins } from './adapters/postgres/accounts/admin.ts'
import type { CancelKey } from './adapters/postgres/cancels.ts'
import type { Catalogs } from './adapters/postgres/catalog/catalogs.ts'
import { Fitness } from './adapters/postgres/check/fitness.ts'
import { fencingOf } from './adapters/postgres/fence/of.ts'
import { PostgresAdapter } from './adapters/postgres/serve.ts'
import type { Resource, WorkerConfig } from './config/config.ts'
import type { Leases } from './leases/leases.ts'
import type { Identity } from './net/certificate.ts'
import { targetOf } from './net/dial.ts'
import { Connections } from './net/listen.ts'
import { SessionGate } from './session/gate.ts'
import type { Services } from './session/services.ts'
import { keepStanding } from './session/standing.ts'
import { WorkflowError } from './workflow/workflow.ts'

const SHUTDOWN_MS = 5_000

/** What speaks to clients: in the gateway's one process, or in each of its workers. */
export interface Protocols {
  accept(socket: Socket): void
  /** For a cancel request that came to another process. False: the key was not given out here. */
  cancel(key: CancelKey): boolean
  /** Whoever is here is told, and gets a moment to hear it; then every connection is ended. Let nobody in before. */
  stop(): Promise<void>
}

export interface ProtocolOptions {
  readonly identity: Identity
  readonly catalogs: Catalogs
  readonly admins: Admins
  readonly leases: Leases
  readonly log: Logger
  readonly cancelElsewhere: (key: CancelKey) => Promise<void>
}

/** Throws for a resource that is not configured. */
export function resourceOf({ resources }: WorkerConfig, name: string): Resource {
  const resource = Object.hasOwn(resources, name) ? resources[name] : undefined
  if (!resource) throw new WorkflowError('not-found', `there is no resource ${name}; there are ${Object.keys(resources).join(', ') || 'none'}`)
  return resource
}

/** Wires what a connection needs, from its first byte to its last. */
export function openProtocols(services: Services, { identity, catalogs, admins, leases, log, cancelElsewhere }: ProtocolOptions): Protocols {
  const { context, registry } = services
  const { config } = context
  const endStanding = keepStanding(context, registry)
  const gate = new SessionGate(services, (resource, database) => targetOf(config, resource, database))
  const refused = (address: string, why: string) => log.info({ address, why }, 'connection refused')
  const fitness = new Fitness()
  const adapter = new PostgresAdapter(gate, {
    auth: config.session.auth,
    catalogs,
    lessor: leases,
    fitness,
    fencingOf: (...of) => fencingOf(admins, ...of),
    cancelElsewhere,
    refused,
  })
  const connections = new Connections(
    identity.context,
    (client) => adapter.serve(client),
    (error) => services.onError(error),
  )
  return {
    accept: (socket) => connections.accept(socket),
    cancel: (key) => adapter.cancel(key),
    stop: async () => {
      gate.stop()
      registry.cutAll(new Cut('shutdown', 'the gateway is shutting down; what is held stays held, run it again when it is back'))
      const late = new AbortController()
      await Promise.race([connections.served().then(() => leases.ended()), sleep(SHUTDOWN_MS, undefined, { signal: late.signal }).catch(() => undefined)])
      late.abort()
      fitness[Symbol.dispose]()
      connections.close()
      endStanding()
    },
  }
}

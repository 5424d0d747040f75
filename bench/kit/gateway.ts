import type { Client } from '@countersign/contract/client'
import { type GatewayProcess, startGateway, WORKERS } from '../../tests/support/gateway.ts'
import { DATABASE, type Side, type Target } from './side.ts'

export const ALICE = 'alice@example.com'
const BOB = 'bob@example.com'
const ALLOWED = '@id("bench-reads")\npermit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);\n'

export interface GatewaySide extends Side {
  readonly process: GatewayProcess
  readonly name: 'gateway'
  readonly pid: number
  /** Who may approve, and is an admin. */
  readonly bob: Client
}

export interface GatewayOptions {
  readonly policy?: string
  readonly resources?: readonly string[]
  readonly hold?: Readonly<Record<string, string>>
  /** A resource for each, of this name. */
  readonly durabilities?: readonly ('process' | 'disk' | 'store')[]
  readonly store?: unknown
  readonly env?: Readonly<Record<string, string>>
  /** So many protocol workers, or more where TEST_WORKERS says so. */
  readonly workers?: number
}

/** The gateway with its defaults: parse, policy and journal for every statement. */
export async function gatewaySide(
  target: Target,
  { policy = ALLOWED, resources = [], durabilities = [], hold = {}, store, env = {}, workers = 1 }: GatewayOptions = {},
): Promise<GatewaySide> {
  const resource = {
    protocol: 'postgres',
    url: `postgres://${target.host}:${target.port}/${DATABASE}`,
    credential: { username: target.user, password: { env: 'BENCH_DB_PASSWORD' } },
    tls: { mode: 'disable' },
  }
  const gateway = await startGateway({
    users: { [ALICE]: { groups: ['engineering'] }, [BOB]: { groups: ['dba'], admin: true } },
    resources: {
      ...Object.fromEntries(['bench-db', ...resources].map((name) => [name, structuredClone(resource)])), // or YAML would have thousands of aliases
      ...Object.fromEntries(durabilities.map((durability) => [durability, { ...structuredClone(resource), durability }])),
    },
    policy,
    hold,
    workers: Math.max(workers, WORKERS),
    ...(store === undefined ? {} : { store }),
    env: { ...env, BENCH_DB_PASSWORD: target.password },
  })
  const abandon = () => void gateway.child.kill('SIGKILL')
  process.once('exit', abandon)
  const [alice, bob] = [await gateway.token(ALICE), await gateway.token(BOB, { mayReview: true })]
  return {
    name: 'gateway',
    process: gateway,
    pid: gateway.child.pid ?? 0,
    port: gateway.postgres.port,
    user: ALICE,
    password: alice,
    database: 'bench-db',
    bob: gateway.api(bob),
    stop: async () => {
      process.removeListener('exit', abandon)
      await gateway.stop()
    },
  }
}

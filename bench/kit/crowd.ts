import { startPostgres } from '../../tests/support/postgres.ts'
import { LightClient } from './client.ts'
import type { Side, Target } from './side.ts'
import { pgbouncer } from './sides.ts'

/** How many connect at once, while very many do. */
const AT_ONCE = 32

/** PostgreSQL lets in 100 where nothing is said. */
const FEW = 50

/**
 * A PostgreSQL for so many sessions. When they are many it is behind a PgBouncer that pools transactions: thousands of idle sessions
 * cost it little, so that their number is bounded by what stands before it.
 */
export async function openRoomyTarget(stack: AsyncDisposableStack, sessions: number): Promise<Target> {
  const server = await startPostgres()
  stack.defer(() => server.stop())
  const target = { host: server.host, port: server.port, user: server.superuser, password: server.password }
  if (sessions <= FEW) return target
  const pooler = await pgbouncer(target, 'transaction')
  stack.defer(() => pooler.stop())
  return { ...target, port: pooler.port }
}

/** So many sessions, logged in. Say `leave` at the end. */
export async function gather(side: Side, count: number, database = side.database): Promise<readonly LightClient[]> {
  const clients: LightClient[] = []
  await each(Array.from({ length: count }), async () => void clients.push(await LightClient.login({ ...side, database })))
  return clients
}

export async function leave(clients: readonly LightClient[]): Promise<void> {
  await each(clients, (client) => client.close())
}

/** Does it to all of them, some at a time. */
export async function each<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const rest = all.values()
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const one of rest) await work(one)
    }),
  )
}

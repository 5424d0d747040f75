import { startPostgres } from '../../tests/support/postgres.ts'
import type { LightClient } from '../kit/client.ts'
import { each, gather, leave } from '../kit/crowd.ts'
import { quantile } from '../kit/figures.ts'
import { gatewaySide } from '../kit/gateway.ts'
import type { Sizes } from '../kit/options.ts'
import { atMost, type Report, type Row } from '../kit/report.ts'
import type { SideName } from '../kit/side.ts'

/** PostgreSQL lets in 100 where nothing is said. */
const ROOM = { max_connections: '1000' }
/** How many are there at once. */
const BATCH = 150

/** How long after a revocation, and how long after its hard end, a session's socket is still open. */
export async function cuts({ cuts: count }: Sizes, ways: readonly SideName[]): Promise<Report> {
  if (!ways.includes('gateway')) return { rows: [], about: [] }
  await using stack = new AsyncDisposableStack()
  const server = await startPostgres({ settings: ROOM })
  stack.defer(() => server.stop())
  const gateway = await gatewaySide({ ...server, user: server.superuser }, { policy: policyFor(Math.min(count, BATCH)), resources: ['brief-db'] })
  stack.defer(() => gateway.stop())
  const { bob } = gateway

  const revoked: number[] = []
  const late: number[] = []
  for (let left = count; left > 0; left -= BATCH) {
    const clients = await gather(gateway, Math.min(left, BATCH))
    const grants = new Map((await bob.sessions({ live: true })).map(({ client, grant }) => [client, grant ?? '']))
    await each(clients, async (client) => {
      const start = performance.now()
      const closed = client.closed.then(() => revoked.push(performance.now() - start))
      await bob.revoke({ id: grants.get(addressOf(client)) ?? '' })
      await closed
    })
    late.push(...(await untilTheirEnd(await gather(gateway, Math.min(left, BATCH), 'brief-db'), await bob.sessions({ live: true }))))
  }
  const load = `${count} sessions`
  return { rows: [...rowsOf('revoke → socket closed', load, revoked, 1_000, 0.99), ...rowsOf('hard end → socket closed', load, late, 250, 1)], about: ABOUT }
}

/** The sessions of the second are left to reach their hard end, and every one is there by then. */
const policyFor = (count: number) => `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource == Resource::"bench-db");
@id("brief") @grants("${2 + Math.ceil(count / 15)}s") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource == Resource::"brief-db");
`

const ABOUT = ['revoking is a call of the API, and counted from before the call; a hard end is the time that the API shows for the session']

const addressOf = ({ socket }: LightClient) => `${socket.localAddress}:${socket.localPort}`

/** Milliseconds that each was open beyond its end; a session that was closed before it is none that is late. */
async function untilTheirEnd(
  clients: readonly LightClient[],
  sessions: readonly { readonly client: string; readonly endsAt: string }[],
): Promise<readonly number[]> {
  const ends = new Map(sessions.map(({ client, endsAt }) => [client, Date.parse(endsAt)]))
  const addresses = clients.map(addressOf)
  const overruns = await Promise.all(clients.map(async ({ closed }, index) => (await closed) - (ends.get(addresses[index] ?? '') ?? Number.NaN)))
  await leave(clients)
  return overruns
}

function rowsOf(measure: string, load: string, took: readonly number[], most: number, share: number): readonly Row[] {
  const worst = share === 1 ? Math.max(...took) : quantile(took, share)
  return [
    { measure: `${measure}, ${share === 1 ? 'longest' : 'p99'}`, load, unit: 'ms', samples: { gateway: [worst] }, bars: [atMost(worst, most, 'ms')] },
    { measure: 'its median', load, unit: 'ms', samples: { gateway: [quantile(took, 0.5)] }, bars: [], detail: true },
  ]
}

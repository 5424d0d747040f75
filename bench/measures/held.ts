import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@countersign/contract/client'
import pg from 'pg'
import { LightClient } from '../kit/client.ts'
import { each, gather, leave, openRoomyTarget } from '../kit/crowd.ts'
import { quantile } from '../kit/figures.ts'
import { type GatewaySide, gatewaySide } from '../kit/gateway.ts'
import type { Sizes } from '../kit/options.ts'
import { openFilesLimit, residentMemory } from '../kit/process.ts'
import { atMost, type Report, type Row } from '../kit/report.ts'
import { DATABASE, type SideName, type Target } from '../kit/side.ts'

const KIB = 1024
/** A session is two connections of the process that speaks for it, which has some hundred files open besides. */
const FILES_EACH = 2
const FILES_BESIDES = 1_000
const SETTLING_MS = 5_000
/** A session that was held, and how its statement ended: null for done, else the error. */
type Ends = Promise<string | null>

/** Thousands of held statements: what each keeps in memory, what they do to a statement that is not held, and that none is lost. */
export async function held({ held: count }: Sizes, ways: readonly SideName[]): Promise<Report> {
  if (!ways.includes('gateway')) return { rows: [], about: [] }
  await using stack = new AsyncDisposableStack()
  const target = await openRoomyTarget(stack, count)
  await using database = await tableOf(target, count)
  const workers = Math.ceil((FILES_EACH * count) / (openFilesLimit() - FILES_BESIDES))
  const gateway = await gatewaySide(target, { policy: policyFor(count), resources: ['brief-db'], hold: { reminder: '1h' }, workers })
  stack.defer(() => gateway.stop())

  const brief = Math.ceil(count / 4)
  const clients = [...(await gather(gateway, count - brief)), ...(await gather(gateway, brief, 'brief-db'))]
  const other = await LightClient.login(gateway)
  const before = residentMemory(gateway.pid)
  const watch = watchOver(other)
  const opening = performance.now()
  const ends = await holdAll(clients)
  const opened = count / ((performance.now() - opening) / 1000)
  const meanwhile = watch.stop()
  await sleep(count < 100 ? 0 : SETTLING_MS)
  const after = residentMemory(gateway.pid)
  const waiting = watchOver(other)
  await sleep(count < 100 ? 200 : SETTLING_MS)
  const still = waiting.stop()
  const { lost, decided } = await decideAll(gateway, clients, ends, brief, database)
  await leave([...clients, other])
  return {
    rows: rowsOf(count, { each: (after - before) / count / KIB, opened, decided, meanwhile, still, lost }),
    about: workers > 1 ? [...ABOUT, inProcesses(workers)] : ABOUT,
  }
}

const ABOUT = [
  'every held statement is another UPDATE, on a connection of its own; half of them are approved and run, a quarter is withdrawn, a quarter expires. Lost is what did not end so, or did not run exactly once',
  'memory is that of a held statement above its idle session (VmRSS); the target is a PostgreSQL behind a PgBouncer that pools transactions',
]

const inProcesses = (workers: number) =>
  `${workers} protocol workers, and their memory with that of the gateway: a session is two open files of its process, which may have ${openFilesLimit().toLocaleString('en')}`

interface Figures {
  readonly each: number
  readonly opened: number
  readonly decided: number
  readonly meanwhile: number
  readonly still: number
  readonly lost: number
}

function rowsOf(count: number, figures: Figures): readonly Row[] {
  const load = `${count.toLocaleString('en')} held`
  const row = (measure: string, unit: string, value: number, most: number | null): Row => ({
    measure,
    load,
    unit,
    samples: { gateway: [value] },
    bars: most === null ? [] : [atMost(value, most, unit)],
  })
  return [
    row('held statements, each', 'KiB', figures.each, 32),
    row('held statements lost', '', figures.lost, 0),
    row('held statements opened', '1/s', figures.opened, null),
    row('held statements decided', '1/s', figures.decided, null),
    row('unheld p99 while they are opened', 'ms', figures.meanwhile, null),
    row('unheld p99 while they wait', 'ms', figures.still, null),
  ]
}

/** The brief ones must outlive the opening of all. */
function policyFor(count: number): string {
  return `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:write", resource == Resource::"bench-db");
@id("brief-writes") @review("dba") @expires("${4 + Math.ceil(count / 30)}s")
permit (principal in Group::"engineering", action == Action::"sql:write", resource == Resource::"brief-db");
`
}

/** One row for each, which its statement counts up. */
async function tableOf(target: Target, count: number): Promise<pg.Pool & AsyncDisposable> {
  const pool = new pg.Pool({ ...target, database: DATABASE, max: 1 })
  await pool.query('CREATE TABLE held (id int PRIMARY KEY, n int NOT NULL)')
  await pool.query(`INSERT INTO held SELECT id, 0 FROM generate_series(0, ${count - 1}) AS id`)
  return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.end() })
}

/** Resolves when every client was told that it is held; with how each will end. */
async function holdAll(clients: readonly LightClient[]): Promise<readonly Ends[]> {
  const ends: Ends[] = []
  await each([...clients.entries()], async ([index, client]) => {
    ends[index] = client.run(`UPDATE held SET n = n + 1 WHERE id = ${index}`).then(
      () => null,
      (error: unknown) => String(error),
    )
    await Promise.race([client.hears(/\bheld (req-\w+)/), ends[index]])
  })
  return ends
}

/** Approves, withdraws, and waits for the rest to expire. Returns how many did not end as they should, and how many were decided a second. */
async function decideAll(
  gateway: GatewaySide,
  clients: readonly LightClient[],
  ends: readonly Ends[],
  brief: number,
  database: pg.Pool,
): Promise<Pick<Figures, 'lost' | 'decided'>> {
  const lasting = clients.slice(0, clients.length - brief)
  const approving = Math.ceil(clients.length / 2)
  const alice: Client = gateway.process.api(gateway.password)
  const start = performance.now()
  await each([...lasting.entries()], async ([index, { told }]) => {
    const id = /\bheld (req-\w+)/.exec(told.join('\n'))?.[1] ?? ''
    await (index < approving ? gateway.bob.approve({ id }) : alice.withdraw({ id })).catch(() => undefined)
  })
  await Promise.all(ends.slice(0, lasting.length))
  const decided = lasting.length / ((performance.now() - start) / 1000)
  const ended = await Promise.all(ends)
  const { rows } = await database.query<{ id: number; n: number }>('SELECT id, n FROM held ORDER BY id')
  const wanted = (index: number) => (index < approving ? 'approved' : index < lasting.length ? 'withdrawn' : 'expired')
  return { lost: ended.filter((error, index) => !isAsItShould(error, rows[index]?.n, wanted(index))).length, decided }
}

function isAsItShould(error: string | null, ran: number | undefined, wanted: 'approved' | 'withdrawn' | 'expired'): boolean {
  return wanted === 'approved' ? error === null && ran === 1 : error !== null && error.includes(wanted) && ran === 0
}

/** Runs a small statement again and again; `stop` says how long the slowest hundredth took, milliseconds. */
function watchOver(client: LightClient): { readonly stop: () => number } {
  const took: number[] = []
  const over = new AbortController()
  const run = async () => {
    while (!over.signal.aborted) {
      const start = performance.now()
      await client.run('SELECT 1')
      took.push(performance.now() - start)
      await sleep(5)
    }
  }
  run().catch((error: unknown) => console.error(`the unheld statement failed: ${String(error)}`))
  return {
    stop: () => {
      over.abort()
      return quantile(took, 0.99)
    },
  }
}

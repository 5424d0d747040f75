import { setTimeout as sleep } from 'node:timers/promises'
import { gather, leave, openRoomyTarget } from '../kit/crowd.ts'
import type { Samples } from '../kit/figures.ts'
import type { Sizes } from '../kit/options.ts'
import { residentMemory } from '../kit/process.ts'
import { atMost, type Report } from '../kit/report.ts'
import type { Side, SideName } from '../kit/side.ts'
import { openSides } from '../kit/sides.ts'

const MIB = 1024 * 1024
const KIB = 1024
/** What is on its way, and what is freed, when the last has come. */
const SETTLING_MS = 5_000

/** What sessions that do nothing keep resident, in whatever stands in between. */
export async function idle({ idle: count }: Sizes, ways: readonly SideName[]): Promise<Report> {
  await using stack = new AsyncDisposableStack()
  const target = await openRoomyTarget(stack, count)
  const sides = await openSides(
    target,
    ways.filter((way) => way !== 'direct'),
    stack,
  )
  const total: Partial<Record<SideName, readonly number[]>> = {}
  const perSession: Partial<Record<SideName, readonly number[]>> = {}
  for (const side of sides) {
    const { before, after } = await withSessions(side, count)
    total[side.name] = [after / MIB]
    perSession[side.name] = [(after - before) / count / KIB]
    console.error(`${count} idle sessions, ${side.name}: ${(before / MIB).toFixed(0)} MiB before, ${(after / MIB).toFixed(0)} MiB with them`)
  }
  return { rows: rowsOf(count, total, perSession), about: ABOUT }
}

const ABOUT = [
  'memory is what is resident (VmRSS) some seconds after the last session has logged in; the target is a PostgreSQL behind a PgBouncer that pools transactions, so that thousands of sessions fit on one machine',
]

function rowsOf(count: number, total: Samples, perSession: Samples): Report['rows'] {
  const load = `${count.toLocaleString('en')} sessions`
  const [all = Number.NaN] = total.gateway ?? []
  return [
    { measure: 'idle sessions, all memory', load, unit: 'MiB', samples: total, bars: total.gateway ? [atMost(all, 1024, 'MiB')] : [] },
    { measure: 'idle sessions, each', load, unit: 'KiB', samples: perSession, bars: [] },
  ]
}

async function withSessions(side: Side, count: number): Promise<{ readonly before: number; readonly after: number }> {
  const pid = side.pid ?? 0
  await leave(await gather(side, 1))
  const before = residentMemory(pid)
  const clients = await gather(side, count)
  await sleep(count < 100 ? 0 : SETTLING_MS)
  const after = residentMemory(pid)
  await leave(clients)
  return { before, after }
}

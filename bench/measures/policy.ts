import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { NO_FACTS } from '@countersign/core/action'
import { startPostgres } from '../../tests/support/postgres.ts'
import { loadConfig } from '../../packages/gateway/src/config/load.ts'
import { createEngine } from '../../packages/gateway/src/policy/cedar.ts'
import { Compiler } from '../../packages/gateway/src/policy/compile.ts'
import type { PolicyEngine } from '../../packages/gateway/src/policy/engine.ts'
import { LightClient } from '../kit/client.ts'
import { quantile } from '../kit/figures.ts'
import { ALICE, gatewaySide } from '../kit/gateway.ts'
import type { Sizes } from '../kit/options.ts'
import { atMost, type Report, type Row } from '../kit/report.ts'
import type { SideName } from '../kit/side.ts'

const COLD = 500
const CACHED = 200_000
/** Nobody waits longer than this for a reload, and a bench that hangs says nothing. */
const RELOAD_MS = 120_000

/** Many policies, each for a resource of its own: what a decision costs, and what loading them does to statements that run meanwhile. */
export async function policy({ policies: count }: Sizes, ways: readonly SideName[]): Promise<Report> {
  if (!ways.includes('gateway')) return { rows: [], about: [] }
  const load = `${count.toLocaleString('en')} policies and resources`
  return { rows: [...decisions(count, load), ...(await reloading(count, load))], about: ABOUT }
}

const ABOUT = [
  'policies: one for all reads, and one for the writes of each resource. Cold is the first decision about a user, resource and action, its policies looked up and evaluated by Cedar; cached is the same question again',
]

const named = (index: number) => `r${index}`

function policyText(count: number, prefix = 'w'): string {
  const own = Array.from(
    { length: count - 1 },
    (_, index) => `@id("${prefix}${index}") @review("dba") permit (principal, action == Action::"sql:write", resource == Resource::"${named(index)}");`,
  )
  return ['@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);', ...own, ''].join('\n')
}

function decisions(count: number, load: string): readonly Row[] {
  const { engine, loadMs, reloadMs } = engineOf(count)
  const ask = (index: number, type: 'sql:read' | 'sql:write') => {
    const start = performance.now()
    engine.decide({ principal: { user: ALICE, agent: null, groups: ['engineering'] }, scope: null, resource: named(index), type, facts: NO_FACTS })
    return performance.now() - start
  }
  const cold = Array.from({ length: Math.min(COLD, count - 1) }, (_, index) => ask(index, index % 2 === 0 ? 'sql:read' : 'sql:write'))
  const start = performance.now()
  for (let index = 0; index < CACHED; index++) ask(0, 'sql:read')
  const cached = ((performance.now() - start) / CACHED) * 1000
  const row = (measure: string, unit: string, value: number, bars: Row['bars']): Row => ({ measure, load, unit, samples: { gateway: [value] }, bars })
  return [
    row('decision, cached', 'µs', cached, [atMost(cached, 10, 'µs')]),
    row('decision, cold, median', 'ms', quantile(cold, 0.5), [atMost(quantile(cold, 0.5), 1, 'ms')]),
    row('decision, cold, p99', 'ms', quantile(cold, 0.99), []),
    row('policies loaded at start', 'ms', loadMs, []),
    row('policies loaded again, one changed', 'ms', reloadMs, []),
  ]
}

function engineOf(count: number): { readonly engine: PolicyEngine; readonly loadMs: number; readonly reloadMs: number } {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-policy-'))
  try {
    const resources = Array.from(
      { length: count },
      (_, index) =>
        `  ${named(index)}: { protocol: postgres, url: 'postgres://127.0.0.1:5432/x', credential: { username: app }, labels: { env: e${index % 7} } }`,
    )
    writeFileSync(join(folder, 'countersign.yaml'), `users:\n  ${ALICE}: { groups: [engineering, dba] }\nresources:\n${resources.join('\n')}\n`)
    mkdirSync(join(folder, 'policies'))
    const config = loadConfig(join(folder, 'countersign.yaml'))
    const compiler = new Compiler(config)
    const text = policyText(count)
    const timed = (changed: string) => {
      const start = performance.now()
      const engine = createEngine(config, [{ file: 'bench.cedar', text: text + changed }], compiler)
      return { engine, ms: performance.now() - start }
    }
    const [first, second] = [timed(''), timed('@id("new") permit (principal, action == Action::"sql:ddl", resource);')]
    return { engine: second.engine, loadMs: first.ms, reloadMs: second.ms }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The longest that a statement takes while the gateway takes up new policies, and the first statement of a session there. */
async function reloading(count: number, load: string): Promise<readonly Row[]> {
  await using stack = new AsyncDisposableStack()
  const server = await startPostgres()
  stack.defer(() => server.stop())
  const names = Array.from({ length: count - 1 }, (_, index) => named(index))
  const gateway = await gatewaySide({ ...server, user: server.superuser }, { policy: policyText(count), resources: names })
  stack.defer(() => gateway.stop())
  const client = await LightClient.login(gateway)
  await client.run('SELECT 1')
  const loaded = async () => (await gateway.bob.policy()).version
  const version = await loaded()
  const rest = await longest(client, async () => sleep(500))
  const during = await longest(client, async () => {
    writeFileSync(gateway.process.policyFile, policyText(count, 'changed'))
    for (const deadline = Date.now() + RELOAD_MS; (await loaded()) === version && Date.now() < deadline;) await sleep(20)
  })
  await client.close()
  const row = (measure: string, value: number): Row => ({ measure, load, unit: 'ms', samples: { gateway: [value] }, bars: [] })
  return [row('longest statement', rest), row('longest statement while all policies change', during)]
}

/** Runs a small statement again and again until the work is done. */
async function longest(client: LightClient, work: () => Promise<void>): Promise<number> {
  const over = new AbortController()
  const done = work().finally(() => over.abort())
  let most = 0
  while (!over.signal.aborted) {
    const start = performance.now()
    await client.run('SELECT 1')
    most = Math.max(most, performance.now() - start)
  }
  await done
  return most
}

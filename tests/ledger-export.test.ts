import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEntry } from '@countersign/ledger/entry'
import { verifyChain } from '@countersign/ledger/verify'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { violations } from '../packages/gateway/test/export/ocsf/validate.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { countersign } from './support/ledger.ts'

const TYPES = ['gateway.enrolled', 'gateway.started', 'token.created']

interface OcsfEvent {
  readonly metadata: { readonly uid: string; readonly event_code: string }
}

describe('the ledger for readers elsewhere', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-ledger-export-'))
  const file = join(folder, 'siem.ndjson')
  let gateway: GatewayProcess
  let token: string

  const start = () =>
    startGateway({
      data: join(folder, 'data'),
      users: { 'alice@example.com': { groups: [] } },
      resources: {},
      policy: '@id("all") permit (principal, action, resource);',
      exports: [
        { name: 'siem', format: 'ocsf', target: { file } },
        { name: 'down', format: 'jsonl', target: { syslog: 'tls://127.0.0.1:1' } },
      ],
    })
  const events = () =>
    existsSync(file)
      ? readFileSync(file, 'utf8')
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line) as OcsfEvent)
      : []
  const types = () => events().map(({ metadata }) => metadata.event_code)
  const metrics = async () => (await fetch(`${gateway.url}/metrics`)).text()

  beforeAll(async () => {
    gateway = await start()
    token = await gateway.token('alice@example.com')
  })
  afterAll(async () => {
    await gateway?.stop()
    rmSync(folder, { recursive: true })
  })

  it('is delivered as it grows, each event as the published schema has it', async () => {
    await vi.waitFor(() => expect(types()).toEqual(TYPES), 10_000)
    expect(events().flatMap(violations)).toEqual([])
  })

  it('goes on after a kill -9, and nothing is lost', async () => {
    await gateway.stop('SIGKILL')
    gateway = await start()
    // What was delivered and not remembered comes again, under the name that it had.
    const once = () => [...new Map(events().map(({ metadata }) => [metadata.uid, metadata.event_code])).values()]
    await vi.waitFor(() => expect(once().filter((type) => type === 'gateway.started')).toHaveLength(2), 20_000)
    expect(once().slice(0, TYPES.length)).toEqual(TYPES)
  })

  it('is told of where a target is down, which holds up nothing', async () => {
    await vi.waitFor(async () => expect(await metrics()).toContain('countersign_export_failing{export="down"} 1'), 10_000)
    expect(await metrics()).toContain('countersign_export_failing{export="siem"} 0')
    expect(gateway.log()).toContain('an export cannot be delivered')
  })

  it('is written once by the command, whole chains of it, or a period', async () => {
    const output = join(folder, 'all.jsonl')
    const data = ['--data', gateway.data]
    const all = await countersign(['ledger', 'export', '--format', 'jsonl', '-o', output, '--json', ...data])
    const lines = readFileSync(output, 'utf8').trimEnd().split('\n')
    expect(JSON.parse(all.stdout)).toEqual({ records: lines.length, size: lines.length, missing: 0 })
    expect(await verifyChain(lines)).toMatchObject({ entries: lines.length, bad: null })
    const times = lines.map((line) => parseEntry(line).at)
    const from = times[1] ?? 0
    const until = Math.max(...times)
    const period = ['--from', new Date(from).toISOString(), '--until', new Date(until).toISOString()]
    const { stdout } = await countersign(['ledger', 'export', '--format', 'jsonl', ...period, ...data])
    expect(stdout.split('\n').slice(0, -1)).toEqual(lines.filter((line) => parseEntry(line).at >= from && parseEntry(line).at < until))
  })

  it('is told as evidence of a period, as a page and as a table', async () => {
    const report = ['ledger', 'report', '--from', '2020-01-01', '--until', '2100-01-01', '--data', gateway.data]
    const page = join(folder, 'evidence.html')
    expect(await countersign([...report, '-o', page])).toMatchObject({ code: 0, stdout: '' })
    expect(readFileSync(page, 'utf8')).toMatch(/^<!doctype html>[^]*What was done[^]*Standing access that was not used[^]*Reviews by unproven tokens/)
    const table = await countersign([...report, '--format', 'csv'])
    expect(table.stdout).toMatch(/"about",[^\n]*"Ledger: countersign\/tree-[0-9a-f]{10}"/)
  })

  it('is for admins, and says what it needs', async () => {
    await expect(gateway.api(token).ledgerExport({ format: 'jsonl' })).rejects.toThrow('the ledger is for admins')
    expect(await countersign(['ledger', 'export', '--format', 'ocsf', './folder', '--data', gateway.data])).toMatchObject({ code: 2 })
  })
})

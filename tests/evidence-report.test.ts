import fc from 'fast-check'
import type { Report } from '@countersign/contract/schemas/report'
import { describe, expect, it } from 'vitest'
import { evidenceCsv } from '../packages/cli/src/evidence-csv.ts'
import { evidenceHtml } from '../packages/cli/src/evidence-html.ts'
import { readEntries } from '../packages/gateway/src/evidence/entries.ts'
import { makeReport } from '../packages/gateway/src/evidence/report.ts'
import type { Leaf } from '../packages/gateway/src/store/store.ts'
import { grouped, leavesOf, type Sample, SAMPLES, START } from '../packages/gateway/test/export/samples.ts'
import { CONFIG, engineOf } from '../packages/gateway/test/policy/fixture.ts'

const HOSTILE = `=HYPERLINK("http://evil","x")<script>alert(1)</script>@example.com`
const NOTE = 'countersign/tree-0123456789\n31\nAAAA\nunwitnessed 0 -\n\n— countersign/tree-0123456789 AAAA\n'

const [session, started, denied, reviewed] = [SAMPLES['session.started'], SAMPLES['action.started'], SAMPLES['action.decided'], SAMPLES['request.reviewed']]
const vary = ({ type, body }: Sample, more: Sample['body']): Sample => ({ type, body: { ...body, ...more } })
const orders = { resource: 'orders' }
const { requests: _requests, grants: _grants, ...alone } = started.body
const read = (n: number): Sample => ({ type: started.type, body: { ...alone, ...orders, action: 'sql:read', policies: ['reads'], run: `ses-1.${n}` } })

/** A working day at one gateway; the first entries are before the period. */
const DAY: readonly Sample[] = [
  vary(SAMPLES['gateway.started'], { policy: 'b2'.repeat(32) }),
  vary(SAMPLES['grant.issued'], { ...orders, grant: 'grant-1', request: 'req-1', session: null, approvers: ['bob@example.com', 'carol@example.com'] }),
  vary(SAMPLES['grant.issued'], orders),
  vary(session, orders),
  grouped([read(1), read(2)]),
  vary(started, orders),
  SAMPLES['policy.loaded'],
  read(3),
  vary(denied, { ...orders, effect: 'deny', action: 'sql:ddl', policies: ['no-ddl'] }),
  vary(SAMPLES['session.refused'], { principal: HOSTILE }),
  vary(started, { ...orders, action: 'sql:admin', observed: 'review', grants: null, requests: null }),
  vary(reviewed, { proven: false, reviewer: HOSTILE }),
  vary(reviewed, { proven: true }),
  vary(session, { ...orders, session: 'ses-2', grant: 'grant-1' }),
  vary(read(4), {}),
]
const LEAVES = leavesOf(DAY)

const USERS = Object.entries(CONFIG.users).map(([name, { groups, admin, auditor }]) => ({
  name,
  groups,
  admin,
  adminWaits: false,
  auditor,
  active: true,
  displayName: null,
  email: null,
  sources: ['config' as const],
}))

const storeOf = (leaves: readonly Leaf[], size = leaves.length) => ({
  tree: {
    state: () => Promise.resolve({ origin: 'countersign/tree-0123456789', size, term: 1, holder: null, beat: 0 }),
    checkpoint: () => Promise.resolve({ size, at: START, note: NOTE }),
    read: (from: number, limit: number) => Promise.resolve(leaves.filter(({ index }) => index >= from && index < from + limit)),
  },
})
const engine = engineOf(
  '@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read", Action::"sql:write"], resource);',
)
const reportOf = (leaves: readonly Leaf[], size?: number) =>
  makeReport(
    {
      config: CONFIG,
      users: () => USERS,
      entries: (period) => readEntries(storeOf(leaves, size).tree, period),
      policy: () => engine,
      now: () => START + 100_000,
    },
    { from: START + 3_000, until: START + 15_000 },
  )

describe('the evidence of a period', () => {
  it('is what the ledger has of it: who, what, who approved it', async () => {
    const { access, standing, unproven, policies, size, unreadable } = await reportOf(LEAVES)
    const seen = access.map(({ person, action, outcome, count, approvedBy, request }) => [
      person === HOSTILE ? 'hostile' : person,
      action,
      outcome,
      count,
      approvedBy.length,
      request,
    ])
    expect(seen).toEqual([
      ['hostile', 'connect', 'denied', 1, 0, null],
      ['alice@example.com', 'connect', 'allowed', 1, 0, null],
      ['alice@example.com', 'connect', 'approved', 1, 2, 'req-1'],
      ['alice@example.com', 'sql:admin', 'observed', 1, 0, null],
      ['alice@example.com', 'sql:ddl', 'denied', 1, 0, null],
      ['alice@example.com', 'sql:read', 'allowed', 3, 0, null],
      ['alice@example.com', 'sql:write', 'approved', 1, 2, 'req-1'],
    ])
    expect(standing.map(({ resource, action }) => `${resource} ${action}`)).toEqual(
      ['orders sql:write', 'scratch connect', 'scratch sql:read', 'scratch sql:write'].filter((row) => row !== 'orders sql:write'),
    )
    expect(unproven).toMatchObject([{ reviewer: HOSTILE, request: 'req-1' }])
    expect({ policies: policies.map((version) => version.slice(0, 2)), size, unreadable }).toEqual({ policies: ['b2', 'a1'], size: DAY.length, unreadable: 0 })
  })

  it('counts what is not there, or not as a gateway wrote it', async () => {
    const broken = LEAVES.flatMap((leaf) => (leaf.index === 4 ? [] : leaf.index === 7 ? [{ ...leaf, line: 'x' }] : [leaf]))
    expect(await reportOf(broken, DAY.length)).toMatchObject({ unreadable: 2, size: DAY.length })
  })

  it('reads no further than its checkpoint', async () => {
    expect((await reportOf(LEAVES, 5)).access.map(({ count, action }) => [action, count])).toEqual([
      ['connect', 1],
      ['sql:read', 2],
    ])
  })

  it('is the same page and the same table each time', async () => {
    const report: Report = { ...(await reportOf(LEAVES)), policyVersion: 'c3'.repeat(32) }
    await expect(evidenceHtml(report)).toMatchFileSnapshot('golden/evidence.html.txt')
    await expect(evidenceCsv(report)).toMatchFileSnapshot('golden/evidence.csv.txt')
  })

  it('is safe to open, whatever people call themselves', async () => {
    const report = await reportOf(LEAVES)
    const property = fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('', '=', '+', '-', '@', '\t=', '"', '</td><script>'), (name, before) => {
      const person = `${before}${name}`
      const [row] = report.access
      if (!row) throw new Error('there is no row')
      const hostile: Report = { ...report, access: [{ ...row, person }] }
      const cells = parseCsv(evidenceCsv(hostile))
      expect(new Set(cells.map(({ length }) => length))).toEqual(new Set([12]))
      expect(cells.flat().filter((cell) => /^\s*[=+\-@\t\r]/.test(cell))).toEqual([])
      expect(cells.find(([section]) => section === 'access')?.[1]?.replace(/^'/, '')).toBe(person.replace(/^'/, ''))
      const html = evidenceHtml(hostile)
      expect(html.match(/<script|<img|<iframe| on\w+=/g)).toBeNull()
      expect(html.match(/<th scope="row">/g)).toHaveLength(1 + report.standing.length + report.unproven.length)
    })
    fc.assert(property, { numRuns: 200 })
  })
})

/** RFC 4180, with every cell quoted. */
function parseCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = []
  const cell = /"((?:[^"]|"")*)"(,|\r\n)/gy
  let row: string[] = []
  for (let match = cell.exec(text); match; match = cell.exec(text)) {
    row.push((match[1] ?? '').replaceAll('""', '"'))
    if (match[2] === ',') continue
    rows.push(row)
    row = []
  }
  return rows
}

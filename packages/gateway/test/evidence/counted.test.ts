import { expect, test } from 'vitest'
import { Evidence } from '../../src/evidence/collect.ts'
import { Ran } from '../../src/evidence/ran.ts'
import type { ExportEntry } from '../../src/export/record.ts'

type Event = ExportEntry['events'][number]

const event = (type: string, body: Event['body']): Event => ({ type, body, secret: null })
const aboutAlice = { principal: 'alice@example.com', resource: 'orders-db' }

function entriesOf(events: readonly Event[]): readonly ExportEntry[] {
  return events.map((one, index) => {
    const { type, body } = one
    const entry = { v: 1 as const, gateway: 'gw-a', seq: index + 1, prev: '0'.repeat(64), at: index, type, body }
    return { leaf: { index, gateway: 'gw-a', seq: index + 1, line: JSON.stringify(entry) }, entry, events: [one] }
  })
}

function reported(...events: readonly Event[]) {
  const evidence = new Evidence({ from: 0, until: 1_000 })
  for (const entry of entriesOf(events)) evidence.add(entry)
  return evidence.access()
}

test('a connection that waited for its approval was not denied', () => {
  const refused = ['pending', 'expired', 'withdrawn', 'unavailable', 'ended', 'denied'].map((code) =>
    event('session.refused', { ...aboutAlice, client: '', code }),
  )
  expect(reported(...refused)).toMatchObject([{ action: 'connect', outcome: 'denied', count: 1 }])
  const ran = new Ran()
  for (const entry of entriesOf(refused)) ran.add(entry)
  expect(ran.counts.denied).toBe(1)
  expect(ran.denied(10)).toMatchObject([{ action: 'connect', count: 1 }])
})

test('what ran under two approvals was approved by those of both', () => {
  const issued = (number: number, ...approvers: readonly string[]) => event('grant.issued', { grant: `grant-${number}`, request: `req-${number}`, approvers })
  const started = { ...aboutAlice, action: 'sql:ddl', policies: ['ddl'], grants: ['grant-1', 'grant-2'], requests: ['req-1', 'req-2'] }
  const rows = reported(issued(1, 'bob', 'carol'), issued(2, 'carol', 'dave'), event('action.started', started))
  expect(rows).toMatchObject([{ outcome: 'approved', request: 'req-1', approvedBy: ['bob', 'carol', 'dave'] }])
})

test('a connection that people approved was approved, in the overview as in the report', () => {
  const connected = (grant: string, request: string | null) => event('session.started', { ...aboutAlice, grant, request, mode: 'enforce' })
  const events = [
    event('grant.issued', { grant: 'grant-1', request: 'req-1', approvers: ['bob'] }),
    connected('grant-1', 'req-1'),
    event('grant.issued', { grant: 'grant-2', request: null, approvers: [] }),
    connected('grant-2', null),
  ]
  expect(reported(...events).map(({ outcome, count }) => [outcome, count])).toEqual([
    ['approved', 1],
    ['allowed', 1],
  ])
  const ran = new Ran()
  for (const entry of entriesOf(events).toReversed()) ran.add(entry)
  expect(ran.counts).toEqual({ allowed: 1, approved: 1, observed: 0, denied: 0 })
})

import type { LedgerEvent } from '@countersign/ledger/group'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Known } from '../../src/export/known.ts'
import { aboutTerms, ownTerms, sourceOfTerms } from '../../src/export/terms.ts'

/** Few values, so that two events are often alike in what matters. */
const id = fc.constantFrom('a', 'b/c', 'ses-1', 'req-1')
const body = fc.record(
  {
    ...Object.fromEntries(['request', 'session', 'grant', 'principal', 'requester', 'subject', 'resource', 'by', 'reviewer', 'user'].map((name) => [name, id])),
    requests: fc.array(id, { maxLength: 2 }),
    rows: fc.nat(),
  },
  { requiredKeys: [] },
)
const event: fc.Arbitrary<LedgerEvent> = fc.record({ type: fc.constantFrom('action.started', 'request.opened', 'session.started'), body })

const nowhere = { get: () => Promise.resolve(null) }
const terms = async (one: LedgerEvent) => [
  ownTerms(one),
  aboutTerms(one, await new Known({ sessions: nowhere, requests: nowhere, grants: nowhere }).about(one)),
]

test('events whose terms differ say something else where terms come from', async () => {
  /** The other is like the one but for a member or two. */
  const pair = fc.tuple(event, event, fc.subarray(['request', 'session', 'grant', 'principal', 'resource', 'by', 'requests', 'rows']))
  await fc.assert(
    fc.asyncProperty(pair, async ([one, another, changed]) => {
      const other = { ...one, body: { ...one.body, ...Object.fromEntries(changed.map((name) => [name, another.body[name] ?? null])) } }
      const differ = JSON.stringify(await terms(one)) !== JSON.stringify(await terms(other))
      expect(differ && sourceOfTerms(one) === sourceOfTerms(other)).toBe(false)
    }),
  )
})

test('what terms do not come from makes no difference, so that the statements of a session are looked at once', () => {
  const started = (run: string): LedgerEvent => ({ type: 'action.started', body: { session: 'ses-1', run, rows: 3 }, commitment: '00' })
  expect(sourceOfTerms(started('run-1'))).toBe(sourceOfTerms(started('run-2')))
})

import { NO_FACTS, type Statement } from '@countersign/core/action'
import type { Grant } from '@countersign/core/grant'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { aGrant, ALICE, DEFINITION, NOW, shapeCoverage, STATE } from '../../../core/test/arbitraries.ts'
import type { Attempted, Hold, Notice } from '../../src/adapters/adapter.ts'
import { coveringGrants, judge } from '../../src/session/judge.ts'
import { Shapes } from '../../src/session/shapes.ts'
import { engineOf } from '../policy/fixture.ts'
import { type Bed, openBed } from '../workflow/bed.ts'
import { servicesOf } from './services.ts'

const shape = (over: Partial<Grant> = {}, maxRows: number | null = null): Grant =>
  aGrant({
    resource: 'orders',
    coverage: shapeCoverage({ maxRows }),
    usesLeft: null,
    approvers: [{ user: 'bob@example.com', groups: ['dba'] }],
    ...over,
  })

describe('what policy asks of a statement is asked again at each use of its shape', () => {
  const write = (rows: number): Statement => ({ type: 'sql:write', fingerprint: 'f1', facts: { ...NO_FACTS, rows } })
  const covered = (policy: string, rows = 1, grants = [shape()]) => {
    const judgement = judge(engineOf(policy), { principal: ALICE, scope: null }, 'orders', [write(rows)])
    return judgement.decision.effect === 'review' && coveringGrants(judgement, grants, SENT, NOW) !== null
  }
  const SENT = { principal: ALICE, resource: 'orders', digest: 'd1', state: STATE, alone: true }
  const PERMIT = 'permit (principal, action == Action::"sql:write", resource);'

  test.each([
    ['as before', `@id("writes") @review("dba") @grants("shape") ${PERMIT}`, true],
    ['a longer time for the same people', `@id("writes") @review("dba") @grants("30m") ${PERMIT}`, true],
    ['one more person', `@id("writes") @review("dba") @quorum("2") @grants("shape") ${PERMIT}`, false],
    ['another group', `@id("writes") @review("security") @grants("shape") ${PERMIT}`, false],
    [
      'another group as well',
      `@id("writes") @review("dba") @grants("shape") ${PERMIT} @id("more") @review("security") forbid (principal, action == Action::"sql:write", resource);`,
      false,
    ],
    ['a signature', `@id("writes") @review("dba") @sign("passkey") @grants("shape") ${PERMIT}`, false],
    ['exactly one action', `@id("writes") @review("dba") @grants("once") ${PERMIT}`, false],
    ['exactly one action, by saying nothing', `@id("writes") @review("dba") ${PERMIT}`, false],
    [
      'no such action at all',
      `@id("writes") @review("dba") @grants("shape") ${PERMIT} @id("never") forbid (principal, action == Action::"sql:write", resource);`,
      false,
    ],
  ])('%s', (_, policy, expected) => expect(covered(policy)).toBe(expected))

  test('and for the values of this very statement', () => {
    const policy = `@id("writes") @review("dba") @grants("shape") ${PERMIT} @id("more") @review("security") forbid (principal, action == Action::"sql:write", resource) when { context.rows > 10 };`
    expect([covered(policy, 10), covered(policy, 11)]).toEqual([true, false])
  })
})

describe('the approval of a shape', () => {
  let bed: Bed
  let shapes: Shapes
  const told: Notice[] = []
  const hold: Hold = { signal: new AbortController().signal, tell: (notice) => void told.push(notice) }
  const attempted = (definition: string | null): Attempted => ({
    action: { type: 'sql:write', text: 'DELETE', parameters: [], statements: [] },
    inTransaction: false,
    state: () => Promise.resolve(STATE),
    impact: () => Promise.reject(new Error('nobody asks what this would do')),
    definition: () => Promise.resolve(definition),
    objects: () => Promise.resolve(null),
    differs: () => [],
  })
  const status = async () => (await bed.context.store.grants.get('grant-1'))?.status

  beforeEach(async () => {
    bed = await openBed()
    shapes = new Shapes(servicesOf(bed).services)
    told.length = 0
    await bed.context.store.grants.insert(shape({}, 3))
  })
  afterEach(() => bed.close())

  test('holds while its tables are defined as they were, and is void when they are not, or nobody knows', async () => {
    expect([await shapes.endVoid(attempted(DEFINITION), [shape()], hold), await status(), told]).toEqual([false, 'active', []])
    expect([await shapes.endVoid(attempted(null), [shape()], hold), await status()]).toEqual([true, 'void'])
    expect(told).toMatchObject([{ message: expect.stringContaining('grant-1 is void: ') }])
  })

  test('is void after a statement that has touched more rows than its bound, and not before', async () => {
    shapes.ran([shape({}, 3)], { rows: 3 })
    await shapes.endPassed()
    expect(await status()).toBe('active')
    shapes.ran([shape({}, 3)], { rows: 4 })
    await shapes.endPassed()
    expect(await bed.context.store.grants.get('grant-1')).toMatchObject({
      status: 'void',
      endReason: 'a statement under it touched 4 rows, and its bound is 3',
    })
  })
})

import { ACTION_TYPES, type Facts, ROWS_UNKNOWN } from '@countersign/core/action'
import type { Decision } from '@countersign/core/obligations'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import type { Question } from '../../src/policy/engine.ts'
import { engineOf } from './fixture.ts'

const heads = {
  principal: ['principal', 'principal in Group::"engineering"', 'principal in Group::"agents"', 'principal == User::"alice@example.com"', 'principal is Agent'],
  action: ['action', 'action in Action::"sql"', 'action == Action::"sql:write"', 'action in [Action::"connect", Action::"sql:read"]'],
  resource: ['resource', 'resource == Resource::"orders"'],
  when: ['', 'when { context.unbounded }', 'when { context.rows > 10 }', 'unless { resource.env == "production" }', 'when { context.tables.contains("a") }'],
  review: ['', '@review("dba")', '@review("security, dba") @quorum("2")'],
}

interface Written {
  readonly effect: 'permit' | 'forbid'
  readonly review: string
  readonly rest: string
}

const policy: fc.Arbitrary<Written> = fc
  .record({
    effect: fc.constantFrom('permit' as const, 'forbid' as const),
    review: fc.constantFrom(...heads.review),
    principal: fc.constantFrom(...heads.principal),
    action: fc.constantFrom(...heads.action),
    resource: fc.constantFrom(...heads.resource),
    when: fc.constantFrom(...heads.when),
  })
  .map(({ effect, review, principal, action, resource, when }) => ({ effect, review, rest: `(${principal}, ${action}, ${resource}) ${when};` }))

const policies = fc.array(policy, { maxLength: 6 })

const facts: fc.Arbitrary<Facts> = fc.record({
  rows: fc.constantFrom(0, 10, 11, ROWS_UNKNOWN),
  rowsKnown: fc.boolean(),
  unbounded: fc.boolean(),
  tables: fc.constantFrom([], ['a'], ['a', 'b'], ['b']),
  columns: fc.constantFrom([], ['c']),
})

const question: fc.Arbitrary<Question> = fc.record({
  principal: fc.record({
    user: fc.constantFrom('alice@example.com', 'bob@example.com'),
    agent: fc.constantFrom(null, 'claude'),
    groups: fc.constantFrom([], ['engineering'], ['engineering', 'dba']),
  }),
  scope: fc.constant(null),
  resource: fc.constantFrom('orders', 'scratch'),
  type: fc.constantFrom(...ACTION_TYPES),
  facts,
})

const write = (written: readonly Written[]) => written.map(({ effect, review, rest }, index) => `@id("p${index}") ${review} ${effect} ${rest}`)

/** How strict a decision is: an allow is 0, a denial is past every review. */
function strictness(decision: Decision): number {
  return decision.effect === 'allow' ? 0 : decision.effect === 'review' ? decision.need.length : Infinity
}

const RUNS = { numRuns: 60 }

// Every run compiles a policy set with Cedar, which on a busy machine takes a while.
vi.setConfig({ testTimeout: 120_000 })

test('a plain forbid that matches always wins', () => {
  fc.assert(
    fc.property(policies, question, (written, asked) => {
      const decision = engineOf(...write(written), '@id("never") forbid (principal, action, resource);').decide(asked)
      expect(decision).toMatchObject({ effect: 'deny', policies: expect.arrayContaining(['never']) })
    }),
    RUNS,
  )
})

test('a forbid that is added, reviewed or not, never widens anything', () => {
  fc.assert(
    fc.property(policies, policy, question, (written, extra, asked) => {
      const forbid = { ...extra, effect: 'forbid' as const }
      expect(strictness(engineOf(...write([...written, forbid])).decide(asked))).toBeGreaterThanOrEqual(strictness(engineOf(...write(written)).decide(asked)))
    }),
    RUNS,
  )
})

test('an agent never has more than its user', () => {
  fc.assert(
    fc.property(policies, question, (written, asked) => {
      const engine = engineOf(...write(written))
      const agent = engine.decide({ ...asked, principal: { ...asked.principal, agent: 'claude' } })
      const user = engine.decide({ ...asked, principal: { ...asked.principal, agent: null } })
      expect(strictness(agent)).toBeGreaterThanOrEqual(strictness(user))
    }),
    RUNS,
  )
})

test('a cached decision is the one that a new engine gives, whatever was asked before', () => {
  fc.assert(
    fc.property(policies, fc.array(question, { minLength: 1, maxLength: 8 }), (written, asked) => {
      const engine = engineOf(...write(written))
      for (const each of [...asked, ...asked]) expect(engine.decide(each)).toEqual(engineOf(...write(written)).decide(each))
    }),
    { numRuns: 15 },
  )
})

test('explain decides as decide does', () => {
  fc.assert(
    fc.property(policies, question, (written, asked) => {
      const engine = engineOf(...write(written))
      expect(engine.explain(asked).decision).toEqual(engine.decide(asked))
    }),
    RUNS,
  )
})

test('a policy that fails while it is evaluated denies, whatever else is there', () => {
  const broken = '{ context.rows + 9223372036854775807 > 0 }'
  fc.assert(
    fc.property(policies, fc.constantFrom('permit', 'forbid', '@review("dba") permit', '@review("dba") forbid'), question, (written, effect, asked) => {
      const [annotation = '', keyword = effect] = effect.includes(' ') ? effect.split(' ') : ['', effect]
      const engine = engineOf(...write(written), `@id("broken") ${annotation} ${keyword} (principal, action, resource) when ${broken};`)
      const unevaluable = { ...asked, facts: { ...asked.facts, rows: 1 } }
      expect(engine.decide(unevaluable)).toMatchObject({
        effect: 'deny',
        failed: true,
        policies: [],
        message: expect.stringContaining('broken: integer overflow'),
      })
    }),
    RUNS,
  )
})

test.each([1.5, Number.NaN, Infinity, -Infinity, 1e300])('facts that Cedar cannot take (%d rows) deny', (rows) => {
  const engine = engineOf('@id("p") permit (principal, action, resource) when { context.rows >= 0 || true };')
  const asked: Question = {
    principal: { user: 'alice@example.com', agent: null, groups: [] },
    scope: null,
    resource: 'orders',
    type: 'sql:write',
    facts: { rows, rowsKnown: true, unbounded: false, tables: [], columns: [] },
  }
  expect(engine.decide(asked)).toMatchObject({ effect: 'deny', failed: true })
  expect(engine.explain(asked).decision).toMatchObject({ effect: 'deny', failed: true })
})

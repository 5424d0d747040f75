import { NO_FACTS, type Statement } from '@countersign/core/action'
import type { Grant } from '@countersign/core/grant'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { aGrant, ALICE, NOW, STATE } from '../../../core/test/arbitraries.ts'
import { coveringGrants, judge } from '../../src/session/judge.ts'
import { engineOf } from '../policy/fixture.ts'

const engine = engineOf(`
@id("reads") permit (principal, action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") permit (principal, action == Action::"sql:write", resource);
@id("schema") @review("security") permit (principal, action == Action::"sql:ddl", resource);
`)
const statement = (type: Statement['type']): Statement => ({ type, fingerprint: type, facts: NO_FACTS })
const attempt = { principal: ALICE, resource: 'orders', digest: 'd1', state: STATE, alone: true }
const by = (...groups: string[]) => [{ user: 'bob@example.com', groups }]
const judged = (...types: Statement['type'][]) => judge(engine, { principal: ALICE, scope: null }, 'orders', types.map(statement))
const grant = (over: Partial<Grant>): Grant => aGrant({ subject: ALICE, resource: 'orders', startsAt: NOW, endsAt: NOW + 60_000, ...over })

const EXACT = { kind: 'exact', digest: 'd1' } as const
const writes = grant({ id: 'writes', coverage: { kind: 'scope', scope: 'sql:write' }, usesLeft: null, approvers: by('dba') })
const schema = grant({ id: 'schema', coverage: { kind: 'scope', scope: 'sql:ddl' }, usesLeft: null, approvers: by('security') })

test('an action is as strict as its strictest statement, in any order', () => {
  const order = ['allow', 'review', 'deny']
  const types = ['sql:read', 'sql:write', 'sql:admin'] as const
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...types), { minLength: 1, maxLength: 5 }), (statements) => {
      expect(judged(...statements).decision.effect).toBe(order[Math.max(...statements.map((type) => types.indexOf(type)))])
    }),
  )
})

test('several grants stand together for the statements each of them covers', () => {
  expect(coveringGrants(judged('sql:write', 'sql:ddl', 'sql:write'), [writes, schema], attempt, NOW)?.map(({ id }) => id)).toEqual(['writes', 'schema'])
  expect(coveringGrants(judged('sql:write', 'sql:ddl'), [writes], attempt, NOW)).toBeNull()
})

test('an exact approval stands for the whole action, so its reviewers must satisfy the whole need', () => {
  const both = judged('sql:write', 'sql:ddl')
  expect(coveringGrants(both, [grant({ coverage: EXACT, approvers: by('dba') })], attempt, NOW)).toBeNull()
  const enough = grant({ coverage: EXACT, approvers: [...by('dba'), { user: 'dave@example.com', groups: ['security'] }] })
  expect(coveringGrants(both, [enough], attempt, NOW)).toEqual([enough])
  expect(coveringGrants(both, [enough], { ...attempt, digest: 'd2' }, NOW)).toBeNull()
})

test('a grant never stands in where its reviewers would not do, its subject is another, or its time is over', () => {
  const write = judged('sql:write')
  expect(coveringGrants(write, [writes], attempt, NOW)).toEqual([writes])
  expect(coveringGrants(write, [{ ...writes, approvers: by('security') }], attempt, NOW)).toBeNull()
  expect(coveringGrants(write, [writes], { ...attempt, principal: { ...ALICE, agent: 'claude' } }, NOW)).toBeNull()
  expect(coveringGrants(write, [writes], attempt, NOW + 60_000)).toBeNull()
})

test('a grant of one use stands in for one statement of a message, and no more than that', () => {
  const once = (id: string) => grant({ id, coverage: { kind: 'scope', scope: 'sql:write' }, usesLeft: 1, approvers: by('dba') })
  const [first, second] = [once('first'), once('second')]
  expect(coveringGrants(judged('sql:write', 'sql:read'), [first], attempt, NOW)).toEqual([first])
  expect(coveringGrants(judged('sql:write', 'sql:write'), [first], attempt, NOW)).toBeNull()
  expect(coveringGrants(judged('sql:write', 'sql:write'), [first, second], attempt, NOW)).toEqual([first, second])
  expect(coveringGrants(judged('sql:write', 'sql:write', 'sql:write'), [first, writes], attempt, NOW)).toEqual([writes])
  const exact = grant({ coverage: EXACT, usesLeft: 1, approvers: by('dba') })
  expect(coveringGrants(judged('sql:write', 'sql:write'), [exact], attempt, NOW)).toEqual([exact])
})

test('a grant that nobody signed stands for nothing of which policy has come to want a signature, an exact one for no part of it', () => {
  const signing = engineOf(`
@id("writes") @review("dba") @sign("passkey") @grants("30m") permit (principal, action == Action::"sql:write", resource);
@id("schema") @review("dba") permit (principal, action == Action::"sql:ddl", resource);
`)
  const asked = (...types: Statement['type'][]) => judge(signing, { principal: ALICE, scope: null }, 'orders', types.map(statement))
  const shape = { kind: 'shape', fingerprint: 'sql:write', state: STATE, definition: 'x', maxRows: null } as const
  for (const coverage of [EXACT, shape, { kind: 'scope', scope: 'sql:write' } as const]) {
    const unsigned = grant({ coverage, usesLeft: 1, approvers: by('dba') })
    const signed = { ...unsigned, approvers: unsigned.approvers.map((approver) => ({ ...approver, signed: true as const })) }
    expect([unsigned, signed].map((each) => coveringGrants(asked('sql:write'), [each], attempt, NOW))).toEqual([null, [signed]])
  }
  expect(coveringGrants(asked('sql:write', 'sql:ddl'), [grant({ coverage: EXACT, approvers: by('dba') })], attempt, NOW)).toBeNull()
  expect(coveringGrants(asked('sql:ddl'), [grant({ coverage: EXACT, approvers: by('dba') })], attempt, NOW)).toHaveLength(1)
})

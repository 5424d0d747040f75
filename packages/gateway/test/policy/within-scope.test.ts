import { ACTION_GROUPS, ACTION_TYPES, NO_FACTS } from '@countersign/core/action'
import { hidesValues, isBeyondScope, personalOf, strictest } from '@countersign/core/obligations'
import { DUTIES, scopeCovers, scopeHasDuty, type TokenScope } from '@countersign/core/token-scope'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ALICE, ask, engineOf } from './fixture.ts'

const engine = engineOf(
  '@id("reads") permit (principal, action in [Action::"connect", Action::"sql:read"], resource);',
  '@id("writes") @review("dba") @personal("text") @secret("parameters") permit (principal, action == Action::"sql:write", resource);',
)

const scopes: fc.Arbitrary<TokenScope> = fc.record({
  resources: fc.option(fc.subarray(['orders', 'scratch'])),
  actions: fc.option(fc.subarray([...ACTION_TYPES, ...ACTION_GROUPS, ...DUTIES])),
})
const questions = fc.record({ resource: fc.constantFrom('orders', 'scratch'), type: fc.constantFrom(...ACTION_TYPES) })
const asked = ({ resource, type }: { readonly resource: string; readonly type: (typeof ACTION_TYPES)[number] }, scope: TokenScope | null) =>
  engine.decide({ principal: ALICE, scope, resource, type, facts: NO_FACTS })

test('a scope only takes away: what it covers is decided as without it, and the rest is denied, for whatever policy says', () => {
  fc.assert(
    fc.property(scopes, questions, (scope, question) => {
      const decision = asked(question, scope)
      if (scopeCovers(scope, question.resource, question.type)) expect(decision).toEqual(asked(question, null))
      else expect(decision).toMatchObject({ effect: 'deny', policies: [], beyondScope: true })
    }),
  )
})

test('less in a scope is never more: a scope within another covers nothing else', () => {
  fc.assert(
    fc.property(scopes, scopes, questions, (wide, other, { resource, type }) => {
      const both = (a: readonly string[] | null, b: readonly string[] | null) => (a && b ? a.filter((each) => b.includes(each)) : (a ?? b))
      const narrow = { resources: both(wide.resources, other.resources), actions: both(wide.actions, other.actions) } as TokenScope
      const widened = scopeCovers(narrow, resource, type) && !scopeCovers(wide, resource, type)
      const gained = DUTIES.filter((duty) => scopeHasDuty(narrow, duty) && !(scopeHasDuty(wide, duty) || scopeHasDuty(other, duty)))
      expect([widened, gained]).toEqual([false, []])
    }),
  )
})

describe('a scope', () => {
  const covers = (actions: TokenScope['actions'], type: (typeof ACTION_TYPES)[number]) => scopeCovers({ resources: null, actions }, 'orders', type)

  test('that names anything to do on a resource lets one connect to it', () => {
    expect(covers(['sql:read'], 'connect')).toBe(true)
    expect(covers(['sql:read'], 'sql:session')).toBe(true)
    expect(covers(['sql:read'], 'sql:write')).toBe(false)
    expect(covers(['sql'], 'sql:write')).toBe(true)
    expect(covers(['review', 'admin'], 'connect')).toBe(false)
  })

  test('that says nothing of reviewing, auditing and administering has none of it', () => {
    for (const duty of DUTIES) {
      expect(scopeHasDuty(null, duty)).toBe(true)
      expect(scopeHasDuty({ resources: null, actions: null }, duty)).toBe(false)
      expect(scopeHasDuty({ resources: null, actions: ['sql'] }, duty)).toBe(false)
      expect(scopeHasDuty({ resources: null, actions: [duty] }, duty)).toBe(true)
    }
  })

  test('says in its denial what the token is for, and leaves to policy how that is recorded', () => {
    const decision = asked({ resource: 'orders', type: 'sql:write' }, { resources: ['orders'], actions: ['sql:read'] })
    expect(decision).toMatchObject({ message: 'this token is for sql:read on orders, which leaves out sql:write on orders' })
    expect([personalOf(decision), hidesValues(decision)]).toEqual([['text'], true])
  })

  test('of several denials is the one that holds where others are only observed', () => {
    const denials = [engine.decide(ask('sql:ddl')), asked({ resource: 'orders', type: 'sql:write' }, { resources: [], actions: null })]
    expect(isBeyondScope(strictest(denials))).toBe(true)
    expect(isBeyondScope(strictest(denials.slice(0, 1)))).toBe(false)
  })
})

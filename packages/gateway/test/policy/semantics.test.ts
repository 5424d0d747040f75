import { NO_OBLIGATIONS, personalOf } from '@countersign/core/obligations'
import { describe, expect, test } from 'vitest'
import { ALICE, ask, CLAUDE, engineOf } from './fixture.ts'

const P = '@id("p") permit (principal, action, resource);'
const RP = '@id("rp") @review("dba") permit (principal, action, resource);'
const RP2 = '@id("rp2") @review("dba, security") @quorum("2") permit (principal, action, resource);'
const F = '@id("f") @message("because") forbid (principal, action, resource);'
const RF = '@id("rf") @review("security") forbid (principal, action, resource);'
const RF2 = '@id("rf2") @review("dba") forbid (principal, action, resource);'

const rp = { policy: 'rp', groups: ['dba'], quorum: 1 }
const rp2 = { policy: 'rp2', groups: ['dba', 'security'], quorum: 2 }
const rf = { policy: 'rf', groups: ['security'], quorum: 1 }
const rf2 = { policy: 'rf2', groups: ['dba'], quorum: 1 }
const denied = { effect: 'deny', policies: ['f'], message: 'denied by f: because' }
const byDefault = { effect: 'deny', policies: [], message: 'no policy permits alice@example.com to sql:write on orders' }
const allowed = { effect: 'allow', policies: ['p'] }

describe('what permits and forbids, with and without @review, come to together', () => {
  test.each([
    ['nothing', [], byDefault],
    ['a permit', [P], allowed],
    ['a reviewed permit', [RP], { effect: 'review', policies: ['rp'], need: [[rp]] }],
    ['two reviewed permits are alternatives', [RP, RP2], { effect: 'review', policies: ['rp', 'rp2'], need: [[rp, rp2]] }],
    ['a permit makes the review of another needless', [P, RP], allowed],
    ['a forbid', [F], denied],
    ['a forbid beside a permit', [P, F], denied],
    ['a forbid beside a reviewed permit', [RP, F], denied],
    ['a forbid beside everything', [P, RP, RF, F], denied],
    ['a reviewed forbid permits nothing', [RF], byDefault],
    ['a reviewed forbid beside a permit', [P, RF], { effect: 'review', policies: ['rf'], need: [[rf]] }],
    ['a reviewed forbid asks as well', [RP, RF], { effect: 'review', policies: ['rp', 'rf'], need: [[rp], [rf]] }],
    ['and a permit still makes only the permit’s review needless', [P, RP, RF], { effect: 'review', policies: ['rf'], need: [[rf]] }],
    ['each reviewed forbid asks for itself', [P, RF, RF2], { effect: 'review', policies: ['rf', 'rf2'], need: [[rf], [rf2]] }],
    ['alternatives and requirements', [RP, RP2, RF, RF2], { effect: 'review', policies: ['rp', 'rp2', 'rf', 'rf2'], need: [[rp, rp2], [rf], [rf2]] }],
  ])('%s', (_, policies, expected) => {
    const engine = engineOf(...policies, '@id("other") @review("dba") permit (principal, action, resource == Resource::"scratch");')
    expect(engine.decide(ask('sql:write'))).toMatchObject(expected)
  })

  test('a denial names every forbid that matches', () => {
    const engine = engineOf(P, F, '@id("g") forbid (principal, action, resource);')
    expect(engine.decide(ask('sql:read'))).toEqual({ effect: 'deny', policies: ['f', 'g'], message: 'denied by f: because; g' })
  })

  test('a resource that is not configured is denied', () => {
    expect(engineOf(P).decide(ask('sql:read', {}, ALICE, 'constructor'))).toEqual({ effect: 'deny', policies: [], message: 'there is no resource constructor' })
  })
})

describe('obligations', () => {
  test('are the union and the minimum over all policies that match', () => {
    const engine = engineOf(
      '@id("a") @review("dba") @grants("30m") @expires("20m") @ticket("^INC-[0-9]+$") @reason("required") permit (principal, action, resource);',
      '@id("b") @review("security") @grants("1h") @expires("5m") @ticket("7$") @sign("passkey") permit (principal, action, resource);',
      '@id("c") @review("dba") @grants("once") forbid (principal, action, resource) when { context.unbounded };',
      '@id("d") @grants("1s") permit (principal, action == Action::"sql:ddl", resource);',
    )
    const obligations = {
      reason: true,
      tickets: ['^INC-[0-9]+$', '7$'],
      sign: true,
      mask: [],
      ceiling: { kind: 'duration', ms: 1_800_000 },
      expiresMs: 300_000,
    }
    expect(engine.decide(ask('sql:write'))).toMatchObject({ effect: 'review', obligations })
    expect(engine.decide(ask('sql:write', { unbounded: true }))).toMatchObject({ obligations: { ...obligations, ceiling: { kind: 'once' } } })
  })

  test('of a permit without review count too', () => {
    const engine = engineOf('@id("a") @grants("30m") @reason("required") permit (principal, action == Action::"connect", resource);')
    expect(engine.decide(ask('connect'))).toMatchObject({
      effect: 'allow',
      obligations: { ...NO_OBLIGATIONS, reason: true, ceiling: { kind: 'duration', ms: 1_800_000 } },
    })
  })

  test('masking is refused, not left out', () => {
    const decision = engineOf(P, '@id("m") @mask("email, ssn") permit (principal, action == Action::"sql:read", resource);').decide(ask('sql:read'))
    expect(decision).toMatchObject({ effect: 'deny', message: expect.stringContaining('policy asks to mask email, ssn, which this version cannot do') })
  })

  test("what is recorded as personal adds up, in a denial and beside a session's own statements too", () => {
    const engine = engineOf(
      '@id("p") @personal("reason") permit (principal, action == Action::"connect", resource);',
      '@id("r") @personal("parameters") permit (principal, action == Action::"sql:read", resource);',
      '@id("t") @personal("text, parameters") forbid (principal, action == Action::"sql:read", resource) when { context.unbounded };',
    )
    expect(personalOf(engine.decide(ask('sql:read')))).toEqual(['parameters'])
    expect(personalOf(engine.decide(ask('sql:read', { unbounded: true })))).toEqual(['parameters', 'text'])
    expect(personalOf(engine.decide(ask('sql:session')))).toEqual(['reason'])
    expect(personalOf(engine.decide(ask('sql:write')))).toEqual([])
  })

  test('a signature on what nobody reviews is refused', () => {
    const engine = engineOf(P, '@id("s") @review("dba") @sign("passkey") permit (principal, action, resource);')
    expect(engine.decide(ask('sql:read'))).toMatchObject({ effect: 'deny', message: expect.stringContaining('passkey') })
  })
})

describe('an agent is decided as itself and as its user, and the stricter wins', () => {
  const own = '@id("own") permit (principal in Group::"engineering", action, resource);'

  test('it has what its user has', () => {
    expect(engineOf(own).decide(ask('sql:read', {}, CLAUDE))).toMatchObject({ effect: 'allow', policies: ['own'] })
  })

  test('what is forbidden to agents does not touch their user', () => {
    const engine = engineOf(own, '@id("no-agents") forbid (principal in Group::"agents", action == Action::"sql:write", resource);')
    expect(engine.decide(ask('sql:write', {}, CLAUDE))).toMatchObject({ effect: 'deny', policies: ['no-agents'] })
    expect(engine.decide(ask('sql:write'))).toMatchObject({ effect: 'allow' })
  })

  test('what is forbidden to the user is forbidden to the agent', () => {
    const engine = engineOf(P, '@id("not-alice") forbid (principal == User::"alice@example.com", action, resource);')
    expect(engine.decide(ask('sql:read', {}, CLAUDE))).toMatchObject({ effect: 'deny', policies: ['not-alice'] })
  })

  test('a permit for agents gives an agent no more than its user has', () => {
    const engine = engineOf('@id("agents-only") permit (principal is Agent, action, resource);')
    expect(engine.decide(ask('sql:read', {}, CLAUDE))).toMatchObject({ effect: 'deny', policies: [] })
  })

  test('a review for agents comes on top', () => {
    const engine = engineOf(
      own,
      '@id("watch") @review("security") forbid (principal is Agent, action, resource) when { principal.user == User::"alice@example.com" };',
    )
    expect(engine.decide(ask('sql:read', {}, CLAUDE))).toMatchObject({ effect: 'review', need: [[{ policy: 'watch', groups: ['security'], quorum: 1 }]] })
    expect(engine.decide(ask('sql:read', {}, { ...CLAUDE, user: 'bob@example.com' }))).toMatchObject({ effect: 'allow' })
  })
})

describe('sql:session comes with connect', () => {
  const connect = '@id("c") permit (principal, action == Action::"connect", resource);'

  test('for whoever may connect, reviewed or not', () => {
    expect(engineOf(connect).decide(ask('sql:session'))).toMatchObject({ effect: 'allow', policies: ['c'] })
    const reviewed = engineOf('@id("c") @review("dba") @reason("required") permit (principal, action == Action::"connect", resource);')
    expect(reviewed.decide(ask('sql:session'))).toMatchObject({ effect: 'allow', policies: ['c'], obligations: NO_OBLIGATIONS })
  })

  test('and for nobody else', () => {
    const reads = '@id("r") permit (principal, action == Action::"sql:read", resource);'
    expect(engineOf(reads).decide(ask('sql:session'))).toMatchObject({ effect: 'deny', policies: [] })
    expect(engineOf(reads, connect, '@id("f") forbid (principal, action == Action::"connect", resource);').decide(ask('sql:session'))).toMatchObject({
      effect: 'deny',
    })
  })

  test('a forbid that names it holds', () => {
    expect(engineOf(connect, '@id("f") forbid (principal, action in Action::"sql", resource);').decide(ask('sql:session'))).toMatchObject({ policies: ['f'] })
    expect(engineOf(connect, '@id("f") @review("dba") forbid (principal, action in Action::"sql", resource);').decide(ask('sql:session'))).toMatchObject({
      effect: 'review',
    })
  })
})

describe('what a policy may ask', () => {
  test('labels, with the empty string for one that a resource lacks', () => {
    const engine = engineOf(
      '@id("a") permit (principal, action, resource) when { resource.env == "" && resource.team == "" && resource.name == "scratch" && resource.protocol == "postgres" };',
    )
    expect(engine.decide(ask('sql:read', {}, ALICE, 'scratch')).effect).toBe('allow')
    expect(engine.decide(ask('sql:read')).effect).toBe('deny')
  })

  test('tables and columns', () => {
    const engine = engineOf(P, '@id("f") forbid (principal, action, resource) when { context.tables.contains("salaries") || context.columns.contains("ssn") };')
    expect(engine.decide(ask('sql:read', { tables: ['orders', 'salaries'] })).effect).toBe('deny')
    expect(engine.decide(ask('sql:read', { columns: ['ssn'] })).effect).toBe('deny')
    expect(engine.decide(ask('sql:read', { tables: ['orders'] })).effect).toBe('allow')
  })

  test('groups of actions and lists of them', () => {
    const engine = engineOf('@id("a") permit (principal, action in [Action::"connect", Action::"sql"], resource);')
    expect((['connect', 'sql:session', 'sql:read', 'sql:unknown'] as const).map((type) => engine.decide(ask(type)).effect)).toEqual([
      'allow',
      'allow',
      'allow',
      'allow',
    ])
    expect(engineOf('@id("a") permit (principal, action == Action::"sql:read", resource);').decide(ask('sql:write')).effect).toBe('deny')
  })
})

test('explain names every policy whose conditions hold, the ones that did not decide too', () => {
  const engine = engineOf(P, F, RP, '@id("far") permit (principal, action == Action::"sql:ddl", resource);')
  const { decision, matched } = engine.explain(ask('sql:write'))
  expect(decision).toEqual(denied)
  expect(matched).toEqual([
    { id: 'p', effect: 'permit', file: '/etc/policies/a.cedar', line: 1, annotations: { id: 'p' } },
    { id: 'f', effect: 'forbid', file: '/etc/policies/a.cedar', line: 2, annotations: { id: 'f', message: 'because' } },
    { id: 'rp', effect: 'permit', file: '/etc/policies/a.cedar', line: 3, annotations: { id: 'rp', review: 'dba' } },
  ])
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROWS_UNKNOWN } from '@countersign/core/action'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { createEngine } from '../../src/policy/cedar.ts'
import { checkPolicies } from '../../src/policy/check.ts'
import { summarise } from '../../src/policy/describe.ts'
import { readPolicyFiles } from '../../src/policy/load.ts'
import { ALICE, ask } from './fixture.ts'

const EXAMPLE = join(import.meta.dirname, '../../../../examples/countersign.yaml')

beforeEach(() => void vi.stubEnv('ORDERS_DB_PASSWORD', 'x'))
afterEach(() => void vi.unstubAllEnvs())

function engine() {
  const config = loadConfig(EXAMPLE)
  return createEngine(config, readPolicyFiles(config.policies))
}

test('the examples are without fault', () => {
  expect(checkPolicies(EXAMPLE)).toEqual({ ok: true, problems: [] })
})

test('so are the policies that the guide shows', () => {
  const guide = readFileSync(join(import.meta.dirname, '../../../../docs/write-policy.md'), 'utf8')
  const shown = [...guide.matchAll(/```cedar\n([^`]*)```/g)].map(([, text = ''], index) => ({ file: `${index}.cedar`, text }))
  expect(shown.length).toBeGreaterThan(1)
  expect(() => createEngine(loadConfig(EXAMPLE), shown)).not.toThrow()
})

test('a configuration or a policy with a fault is told by policy check', () => {
  vi.stubEnv('ORDERS_DB_PASSWORD', '')
  const [problem] = checkPolicies(EXAMPLE).problems
  const line =
    readFileSync(EXAMPLE, 'utf8')
      .split('\n')
      .findIndex((text) => text.includes('ORDERS_DB_PASSWORD')) + 1
  expect(problem).toMatchObject({ file: EXAMPLE, line, subject: 'resources.orders-db.credential.password.env' })
})

test('what Alice may expect', () => {
  expect(summarise(engine(), { principal: ALICE, scope: null }, 'orders-db')).toEqual({
    connect: 'runs',
    read: 'runs',
    write: 'needs 1 of dba',
    ddl: 'needs 2 of dba',
  })
  expect(summarise(engine(), { principal: ALICE, scope: null }, 'orders-staging')).toEqual({ connect: 'runs', read: 'runs', write: 'runs', ddl: 'runs' })
  expect(summarise(engine(), { principal: { ...ALICE, groups: [] }, scope: null }, 'orders-db')).toEqual({
    connect: 'never',
    read: 'never',
    write: 'never',
    ddl: 'never',
  })
})

test('an UPDATE without WHERE is refused by name', () => {
  const decision = engine().decide(ask('sql:write', { unbounded: true }, ALICE, 'orders-db'))
  expect(decision).toMatchObject({ effect: 'deny', message: 'denied by no-where-no-way: UPDATE or DELETE without a WHERE that restricts' })
})

test.each([
  [1000, 1],
  [1001, 2],
  [ROWS_UNKNOWN, 2],
])('a write of %d rows has %d requirements', (rows, requirements) => {
  const decision = engine().decide(ask('sql:write', { rows, rowsKnown: rows !== ROWS_UNKNOWN }, ALICE, 'orders-db'))
  expect(decision.effect === 'review' && decision.need.length).toBe(requirements)
})

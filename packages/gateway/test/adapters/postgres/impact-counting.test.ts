import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { classify, loadGrammar } from '../../../src/adapters/postgres/classify.ts'
import { readChange } from '../../../src/adapters/postgres/impact/change.ts'
import { countingText } from '../../../src/adapters/postgres/impact/counting.ts'
import { readPlan } from '../../../src/adapters/postgres/impact/plan.ts'

beforeAll(loadGrammar)

const squeezed = (text: string | null) => text?.replaceAll(/\s+/g, ' ').trim() ?? null

describe('the SELECT that counts what a change of rows matches', () => {
  const noise = fc.constantFrom(' ', '\n', ' -- where x from y\n', ' /* returning set using */ ')
  const value = fc.constantFrom("' where '", "'é from ü'", '1', '$1', '(SELECT max(id) FROM other WHERE "set" = 2)', "E'\\' returning '", '$q$ using $q$')
  const table = fc.constantFrom('t', '"from"', 'public."WHERE x"', 'ONLY s.t', '"é"."ü where"')

  test('is found whatever looks like a keyword, asks for the same condition, and only reads', () => {
    fc.assert(
      fc.property(table, value, value, noise, noise, fc.boolean(), fc.boolean(), fc.boolean(), (on, one, other, gap, space, isUpdate, joined, returns) => {
        const condition = `((a.id))${gap}= ${one} AND a."where" <> ${other}`
        const verb = isUpdate ? `UPDATE${gap}${on} a SET${space}x = ${other}` : `DELETE${gap}FROM${space}${on} a`
        const more = joined ? `${gap}${isUpdate ? 'FROM' : 'USING'} u JOIN (SELECT 1 AS id FROM v WHERE ${other} = ${other}) w USING (id)` : ''
        const counting = countingText(`${verb}${more}${space}WHERE${gap}${condition}${space}${returns ? 'RETURNING x' : ''}`)
        const isConfusing = /where|using/.test(gap + space) // a keyword in a comment may hide the real one: then nothing is counted
        expect(counting !== null || isConfusing).toBe(true)
        expect(counting ?? condition).toContain(condition)
        expect(classify(counting ?? 'SELECT 1', { trusted: [] }).type).toBe('sql:read')
      }),
    )
  })

  test.each([
    ['DELETE FROM t', 'SELECT pg_catalog.count(*) FROM t'],
    ['UPDATE s.t SET x = 1 WHERE id = $2', 'SELECT pg_catalog.count(*) FROM s.t WHERE id = $2'],
    ['DELETE FROM "A b" USING u WHERE u.id = 1', 'SELECT pg_catalog.count(DISTINCT ("A b".tableoid, "A b".ctid)) FROM "A b" , u WHERE u.id = 1'],
    ['SELECT 1', null],
    ['DELETE FROM t; DELETE FROM u', null],
  ])('of %s', (statement, counting) => {
    expect(squeezed(countingText(statement))).toBe(counting)
  })
})

describe('what a change of rows names', () => {
  test.each([
    ["DELETE FROM t WHERE id = 1 AND kind IN ('a', $1)", ['id', 'kind']],
    ['DELETE FROM t AS x WHERE x.id = $1::int', ['id']],
    ['DELETE FROM t WHERE 7 = id', ['id']],
    ['DELETE FROM t WHERE id = 1 OR kind = 2', []],
    ['DELETE FROM t WHERE NOT (id = 1)', []],
    ['DELETE FROM t WHERE id IN (1, other)', []],
    ['DELETE FROM t WHERE id NOT IN (1)', []],
    ['DELETE FROM t USING u WHERE id = 1 AND u.kind = 2 AND t.at = 3', ['at']],
    ['UPDATE t SET id = 1', []],
  ])('%s fixes %j', (statement, fixed) => {
    expect(readChange(statement)?.fixed).toEqual(fixed)
  })

  test.each([
    ['INSERT INTO t VALUES (1), (2)', 2],
    ['INSERT INTO t DEFAULT VALUES', 1],
    ['INSERT INTO t VALUES (now()), (random())', 2],
    ['INSERT INTO t VALUES (generate_series(1, 9))', null],
    ['INSERT INTO t VALUES ((generate_series(1, 9)) + 1)', null],
    ['INSERT INTO t VALUES (1), (2) LIMIT 1', null],
    ['INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING', null],
    ['INSERT INTO t SELECT 1', null],
  ])('%s has %j rows in its text', (statement, values) => {
    expect(readChange(statement)?.values).toBe(values)
  })
})

describe('a plan', () => {
  test('expects what is below the change, beside what was planned for its subqueries', () => {
    const plans = [
      { 'Parent Relationship': 'InitPlan', 'Plan Rows': 1 },
      { 'Parent Relationship': 'Outer', 'Plan Rows': 42 },
    ]
    expect(readPlan(JSON.stringify([{ Plan: { 'Node Type': 'ModifyTable', 'Plan Rows': 0, 'Total Cost': 12.4, Plans: plans } }]))).toEqual({
      rows: 42,
      cost: 12,
      changes: [],
    })
  })

  test('that is none says nothing', () => {
    expect(readPlan('[]')).toEqual({ rows: null, cost: null, changes: [] })
  })
})

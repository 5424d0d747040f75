import { NO_FACTS, ROWS_UNKNOWN } from '@countersign/core/action'
import { describe, expect, it } from 'vitest'
import { canonicalText, classify, inherit, loadGrammar, unknownBecause } from '../../../src/adapters/postgres/classify.ts'

await loadGrammar()

const one = (text: string) => {
  const statement = classify(text, { trusted: [] }).statements[0]
  if (!statement) throw new Error(`no statement in ${text}`)
  return statement
}

const UNBOUNDED = `
  DELETE FROM a
  UPDATE a SET x = 1
  TRUNCATE a
  DELETE FROM a WHERE true
  DELETE FROM a WHERE 'true'
  DELETE FROM a WHERE 'yes'::boolean
  DELETE FROM a WHERE 1 = 1
  DELETE FROM a WHERE NOT false
  DELETE FROM a WHERE now() > '2000-01-01'
  DELETE FROM a WHERE id = id
  DELETE FROM a WHERE a.id >= a.id
  DELETE FROM a WHERE id IS NOT DISTINCT FROM id
  DELETE FROM a WHERE lower(x) = lower(x)
  DELETE FROM a WHERE id IN (1, id)
  DELETE FROM a WHERE name LIKE '%'
  DELETE FROM a WHERE id = 1 OR true
  DELETE FROM a WHERE id = 1 OR 1 = 1
  DELETE FROM a WHERE id = 1 OR id <> 1
  DELETE FROM a WHERE id < 5 OR id >= 5
  DELETE FROM a WHERE id IS NULL OR id IS NOT NULL
  DELETE FROM a WHERE id = 1 OR NOT id = 1
  DELETE FROM a WHERE NOT (id = 1 AND id <> 1)
  DELETE FROM a WHERE NOT (id = 1 AND false)
  DELETE FROM a WHERE (id = id) IS TRUE
  DELETE FROM a WHERE (1 = 2) IS NOT TRUE
  DELETE FROM a WHERE CASE WHEN id = 1 THEN true ELSE true END
  DELETE FROM a WHERE coalesce(id = 1, true)
  DELETE FROM a WHERE EXISTS (SELECT 1 FROM b WHERE id = 1)
  DELETE FROM a USING b WHERE b.id = 1
  UPDATE a SET x = b.x FROM b WHERE b.id = 1
  UPDATE a AS t SET x = 1 FROM b WHERE b.id = 1
  MERGE INTO a USING b ON true WHEN MATCHED THEN DELETE
  MERGE INTO a USING b ON a.id = b.id WHEN NOT MATCHED BY SOURCE THEN DELETE
  WITH d AS (DELETE FROM a RETURNING *) SELECT * FROM d
  EXPLAIN ANALYZE DELETE FROM a
  PREPARE p AS DELETE FROM a
  COPY (DELETE FROM a RETURNING *) TO STDOUT
  CREATE TABLE b AS WITH d AS (DELETE FROM a RETURNING *) SELECT * FROM d
  DO $$ $$
  SELECT evil()`

const BOUNDED = `
  DELETE FROM a WHERE id = 1
  DELETE FROM a WHERE id = $1
  DELETE FROM a WHERE true AND id = 1
  DELETE FROM a WHERE id IN (1, 2)
  DELETE FROM a WHERE id IN (SELECT id FROM b)
  DELETE FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.id = a.id)
  DELETE FROM a AS t WHERE EXISTS (SELECT 1 FROM b WHERE b.id = t.id)
  DELETE FROM a USING b WHERE a.id = b.id
  DELETE FROM a WHERE x IS NULL
  DELETE FROM a WHERE deleted_at IS NOT NULL
  DELETE FROM a WHERE NOT (id = 1 OR id = 2)
  DELETE FROM a WHERE name LIKE 'x%'
  DELETE FROM a WHERE coalesce(id = 1, false)
  DELETE FROM a WHERE false
  DELETE FROM a WHERE CURRENT OF c
  UPDATE a SET x = 1 WHERE id BETWEEN 1 AND 2
  MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN DELETE
  INSERT INTO a SELECT * FROM b
  SELECT * FROM a
  EXPLAIN DELETE FROM a
  CREATE RULE r AS ON DELETE TO a DO INSTEAD DELETE FROM b
  BEGIN`

describe('unbounded', () => {
  it.each(UNBOUNDED.trim().split(/\n\s*/))('true: %s', (text) => expect(one(text).facts.unbounded).toBe(true))
  it.each(BOUNDED.trim().split(/\n\s*/))('false: %s', (text) => expect(one(text).facts.unbounded).toBe(false))
})

describe('tables and columns', () => {
  it.each([
    ['UPDATE sales.orders o SET status = x.s FROM x WHERE o.id = x.id', ['sales.orders', 'x'], ['id', 's', 'status']],
    ['INSERT INTO b (c, a) SELECT z FROM a', ['a', 'b'], ['a', 'c', 'z']],
    ['SELECT * FROM a JOIN a AS b USING (id)', ['a'], ['*', 'id']],
    ['WITH a AS (SELECT 1) SELECT * FROM a, public.a', ['public.a'], ['*']],
    ['WITH a AS (SELECT * FROM a) SELECT 1 FROM a', ['a'], ['*']],
    ['WITH RECURSIVE a AS (SELECT 1 FROM a) SELECT 1 FROM a', [], []],
    ['WITH "public.a" AS (SELECT 1) SELECT 1 FROM public.a', ['public.a'], []],
    ['SELECT 1 FROM "public.a", "q""q".a', ['"public.a"', '"q""q".a'], []],
    ['WITH a AS (SELECT 1) DELETE FROM a', ['a'], []],
    ['SELECT 1 FROM (WITH a AS (SELECT 1) TABLE a) x, a', ['a'], ['*']],
    ['COPY s.t (b, a) TO STDOUT', ['s.t'], ['a', 'b']],
    ['DROP TABLE a.b, c', ['a.b', 'c'], []],
    ['TRUNCATE b, a', ['a', 'b'], []],
    ['CREATE TABLE a AS SELECT x FROM b', ['a', 'b'], ['x']],
    ['SELECT x INTO a FROM b', ['a', 'b'], ['x']],
    ['ALTER TABLE "We;ird" ADD COLUMN x int', ['We;ird'], []],
  ])('%s', (text, tables, columns) => expect(one(text).facts).toMatchObject({ tables, columns }))
})

describe('rows', () => {
  it('are known to be none only for what touches no rows', () => {
    expect(one('BEGIN').facts).toEqual(NO_FACTS)
    for (const text of ['SELECT 1', 'DELETE FROM a', 'DROP TABLE a', 'CHECKPOINT', 'CALL p()', 'sel'])
      expect(one(text).facts).toMatchObject({ rows: ROWS_UNKNOWN, rowsKnown: false })
  })
})

describe('what the session must follow', () => {
  it.each([
    ['BEGIN', 'begin'],
    ['START TRANSACTION', 'begin'],
    ['COMMIT', 'commit'],
    ['END', 'commit'],
    ['ABORT', 'rollback'],
    ['SAVEPOINT a', 'savepoint'],
    ['ROLLBACK TO a', 'rollback-to'],
    ['RELEASE a', 'release'],
    ["PREPARE TRANSACTION 'a'", 'prepare'],
    ['SELECT 1', null],
  ])('transaction: %s', (text, transaction) => expect(one(text).transaction).toBe(transaction))

  it.each([
    ["SET countersign.reason = 'INC-7'", { name: 'countersign.reason', value: 'INC-7', local: false }],
    ["SET LOCAL Countersign.Reason TO ''", { name: 'countersign.reason', value: '', local: true }],
    ['RESET countersign.reason', { name: 'countersign.reason', value: null, local: false }],
    ['SET search_path = a, "B"', { name: 'search_path', value: 'a, B', local: false }],
    ['SET statement_timeout = 0', { name: 'statement_timeout', value: '0', local: false }],
    ["SET TIME ZONE INTERVAL '1' HOUR", { name: 'timezone', value: '1', local: false }],
    ['SET TRANSACTION READ ONLY', null],
    ['RESET ALL', null],
  ])('setting: %s', (text, setting) => expect(one(text).setting).toEqual(setting))

  it.each([
    ['COPY a FROM STDIN', 'in'],
    ['COPY a TO STDOUT', 'out'],
    ['COPY (SELECT 1) TO STDOUT', 'out'],
    ["COPY a TO '/x'", null],
    ["COPY a FROM PROGRAM 'x'", null],
    ['SELECT 1', null],
  ])('copy: %s', (text, copy) => expect(one(text).copy).toBe(copy))

  it('knows the names that statements give, run and end', () => {
    expect(one('PREPARE "P 1" AS SELECT 1').defines).toEqual({ object: 'statement', name: 'P 1' })
    expect(one('DECLARE c CURSOR FOR SELECT 1').defines).toEqual({ object: 'cursor', name: 'c' })
    expect(one('EXECUTE "P 1"').refers).toEqual({ use: 'run', object: 'statement', name: 'P 1', atLeast: 'sql:session' })
    expect(one('MOVE 3 IN c').refers).toEqual({ use: 'run', object: 'cursor', name: 'c', atLeast: 'sql:session' })
    expect(one('DEALLOCATE p').refers).toEqual({ use: 'end', object: 'statement', name: 'p' })
    expect(one('CLOSE ALL').refers).toEqual({ use: 'end', object: 'cursor', name: null })
  })

  it('gives EXECUTE the type and facts of what was prepared', () => {
    const prepared = one('PREPARE p(int) AS DELETE FROM a WHERE id = $1')
    const executed = inherit(one('EXECUTE p(7)'), prepared)
    expect(executed).toMatchObject({ type: 'sql:write', because: null, text: 'EXECUTE p(7)', facts: prepared.facts })
    expect(inherit(one('EXECUTE p(7)'), null).type).toBe('sql:unknown')
    expect(inherit(one('EXECUTE p(evil())'), prepared).type).toBe('sql:unknown')
    expect(inherit(one('EXECUTE p(nextval($1))'), one('PREPARE p(int) AS SELECT $1')).type).toBe('sql:write')
    expect(inherit(one('SELECT evil()'), prepared).type).toBe('sql:unknown')
  })

  it('gives EXECUTE nothing of what only the protocol can prepare under another name', () => {
    const named = ['PREPARE q AS SELECT 1', 'DEALLOCATE q', 'DECLARE c CURSOR FOR SELECT 1', 'CLOSE c', 'COMMIT', 'SHOW lock_timeout', 'COPY a TO STDOUT']
    for (const text of named) expect(inherit(one('EXECUTE p'), one(text)).type).toBe('sql:unknown')
    expect(inherit(one('EXECUTE p'), one('SELECT 1')).type).toBe('sql:read')
    expect(inherit(one('FETCH c'), one('DECLARE c CURSOR FOR SELECT 1')).type).toBe('sql:read')
  })
})

describe('canonical text', () => {
  it('is the same for what is typed and what is asked ahead', () => {
    expect(canonicalText('DELETE FROM a ; \n;\t')).toBe('DELETE FROM a')
    expect(canonicalText('DELETE FROM a')).toBe('DELETE FROM a')
  })

  it('leaves alone what is part of the statement or did not parse', () => {
    expect(canonicalText('SELECT 1 AS a\u00A0')).toBe('SELECT 1 AS a\u00A0')
    expect(canonicalText("SELECT '; ")).toBe("SELECT '; ")
  })
})

describe('what cannot be parsed', () => {
  it.each([
    ['a NUL', 'SELECT 1\0; DROP TABLE a', /NUL/],
    ['a lone surrogate', "SELECT '\uD800'", /Unicode/],
    ['too much text', `SELECT '${'x'.repeat(600_000)}'`, /longer/],
    ['a syntax error', 'SELECT FROM WHERE', /syntax error at or near "WHERE"/],
    ['deep nesting', `SELECT ${'('.repeat(50_000)}1${')'.repeat(50_000)}`, /./],
    ['a deep expression', `SELECT ${'1+'.repeat(50_000)}1`, /./],
  ])('%s is unknown and says why', (_, text, error) => {
    const result = classify(text, { trusted: [] })
    expect(result).toMatchObject({ type: 'sql:unknown', statements: [{ type: 'sql:unknown', fingerprint: null, facts: { unbounded: true } }], canonical: text })
    expect(result.error).toMatch(error)
  })

  it('does not spoil the parser for what comes after, however often it fails', async () => {
    for (let i = 0; i < 60; i++) {
      expect(classify(`SELECT ${'1+'.repeat(20_000)}${i}`, { trusted: [] }).type).toBe('sql:unknown')
      expect(classify(`DELETE FROM a WHERE id = ${i}`, { trusted: [] }).statements[0]?.facts).toMatchObject({ tables: ['a'], columns: ['id'] })
      await new Promise((resolve) => setImmediate(resolve))
    }
  })

  it('can be told by the session', () => {
    expect(unknownBecause('SELECT 1', 'standard_conforming_strings is off')).toMatchObject({
      type: 'sql:unknown',
      error: 'standard_conforming_strings is off',
      statements: [{ type: 'sql:unknown', because: 'standard_conforming_strings is off' }],
    })
  })
})

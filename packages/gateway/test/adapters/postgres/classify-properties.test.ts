import { SQL_TYPES, type SqlType } from '@countersign/core/action'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classify, loadGrammar } from '../../../src/adapters/postgres/classify.ts'

await loadGrammar()

const typeOf = (text: string) => classify(text, { trusted: [] }).type
const width = (type: SqlType) => SQL_TYPES.indexOf(type)

const STATEMENTS = [
  'BEGIN',
  "SET application_name = 'x'",
  'SELECT a FROM b WHERE c = 1',
  'VALUES (1)',
  'INSERT INTO a VALUES (1)',
  'UPDATE a SET b = 1 WHERE c = 2',
  'DELETE FROM a',
  'SELECT nextval($$s$$)',
  'CREATE TABLE a (b int)',
  'DROP TABLE a',
  'GRANT SELECT ON a TO b',
  'SET role = x',
  'CALL p()',
  'SELECT evil()',
]
const statement = fc.constantFrom(...STATEMENTS)
const change = fc.constantFrom(
  'INSERT INTO a VALUES (1)',
  'UPDATE a SET b = 1',
  'DELETE FROM a WHERE c = 1',
  'DELETE FROM a WHERE evil()',
  'MERGE INTO a USING b ON a.c = b.c WHEN MATCHED THEN DELETE',
)
const blank = fc.constantFrom(' ', '\n', '\t', '\r\n', ' /* x; DROP TABLE a */ ', ' -- y; z\n', ' /* a /* b */ c */ ')
const word = fc.constantFrom(
  'select',
  '(',
  ')',
  ';',
  ',',
  "'",
  '"',
  '$$',
  '--',
  '/*',
  '*/',
  'from',
  'a',
  '.',
  '*',
  'delete',
  'where',
  '1',
  '::',
  'with',
  'as',
  '\\',
  'E',
  '\0',
  'é',
)

describe('classify', () => {
  it('never throws, and is unknown when it has no statements to show for it', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(word, { maxLength: 40 }).map((words) => words.join(' ')),
    )
    fc.assert(
      fc.property(text, (random) => {
        const { type, statements, error, canonical } = classify(random, { trusted: [] })
        expect(SQL_TYPES).toContain(type)
        expect(error === null || type === 'sql:unknown').toBe(true)
        expect(random.startsWith(canonical)).toBe(true)
        expect(statements.length > 0 || type === 'sql:session').toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it('never throws on a real statement with a piece cut out or put in', () => {
    fc.assert(
      fc.property(statement, fc.nat(60), fc.nat(10), fc.string({ maxLength: 5 }), (text, at, length, piece) => {
        expect(SQL_TYPES).toContain(typeOf(text.slice(0, at) + piece + text.slice(at + length)))
      }),
      { numRuns: 2000 },
    )
  })

  it('gives a message the widest type of its statements, in any order', () => {
    fc.assert(
      fc.property(fc.array(statement, { minLength: 1, maxLength: 6 }), blank, (statements, space) => {
        const expected = Math.max(...statements.map((text) => width(typeOf(text))))
        expect(width(typeOf(statements.join(`;${space}`)))).toBe(expected)
      }),
    )
  })

  it('does not care about comments and white space', () => {
    fc.assert(
      fc.property(statement, blank, blank, blank, (text, before, between, after) => {
        const spaced = before + text.replace(/ (?=[^']*$)/g, between) + after
        expect(typeOf(spaced)).toBe(typeOf(text))
      }),
    )
  })

  it('never takes a change for less because of what is around it', () => {
    const wrap = fc.constantFrom<(text: string) => string>(
      (text) => `WITH x AS (${text} RETURNING 1) SELECT * FROM x`,
      (text) => `EXPLAIN ANALYZE ${text}`,
      (text) => `EXPLAIN (ANALYZE, VERBOSE) ${text}`,
      (text) => `EXPLAIN (COSTS off, ANALYZE on) WITH x AS (${text} RETURNING 1) SELECT 1`,
      (text) => `WITH y AS (SELECT 1), x AS (${text} RETURNING 1) INSERT INTO z SELECT * FROM x`,
      (text) => `PREPARE p AS ${text}`,
      (text) => `COPY (${text} RETURNING 1) TO STDOUT`,
      (text) => `SELECT 1; ${text}; SELECT 2`,
    )
    fc.assert(
      fc.property(change, wrap, (text, around) => {
        expect(width(typeOf(around(text)))).toBeGreaterThanOrEqual(width(typeOf(text)))
      }),
    )
  })
})

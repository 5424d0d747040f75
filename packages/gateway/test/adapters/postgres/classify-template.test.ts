import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { classify, classifyAlone, type Classified, loadGrammar } from '../../../src/adapters/postgres/classify.ts'
import { templateOf } from '../../../src/adapters/postgres/classify/template.ts'

await loadGrammar()

const TRUSTED: readonly string[] = ['public.order_total']

/** With its shape worked out. */
const plain = (classified: Classified): unknown => JSON.parse(JSON.stringify(classified))

/** What `second` is after `first` was classified. */
function after(first: string, second: string): unknown {
  classify(first, { trusted: TRUSTED })
  return plain(classify(second, { trusted: TRUSTED }))
}

const alone = (text: string): unknown => plain(classifyAlone(text, TRUSTED))

const number = fc.oneof(fc.nat(999_999_999).map(String), fc.constantFrom('0', '1', '00', '007', '24', '25', '54', '999999999', '1000000000', '2147483648'))
const gap = fc.constantFrom('', ' ', ' ', ' ', '\n', '\t', '  ')

/** `#` is where a number stands. */
const shapes = fc.constantFrom(
  'SELECT abalance FROM pgbench_accounts WHERE aid = #;',
  'SELECT #',
  ' ;; SELECT # + #, a.b FROM t a WHERE x IN (#, #, $1) ORDER BY # LIMIT # OFFSET #;\n;',
  'SELECT count(*) FROM orders GROUP BY # HAVING count(*) > # AND # = #',
  'SELECT CAST(x AS float(#)) FROM t',
  'SELECT CAST(x AS timestamp(#)) FROM t',
  "SELECT \" # \", a[#], '#', ' # ' FROM t -- #\n WHERE x = #",
  'SELECT CAST(x AS numeric(#, #)), CAST(y AS bit(#)), CAST(z AS timestamp(#)) FROM t',
  'SELECT set_config(#, #, #)',
  'SELECT order_total(#), nextval(#), pg_sleep(#), lo_open(#, #), unknown_function(#)',
  'SELECT * FROM t FETCH FIRST # ROWS ONLY',
  'WITH w AS (SELECT # AS a) SELECT a FROM w WHERE a <> # FOR UPDATE',
  'WITH w AS (DELETE FROM t WHERE # = # RETURNING a) SELECT a FROM w',
  'DELETE FROM t WHERE # = #',
  'UPDATE t SET a = # WHERE b = #',
  'INSERT INTO t VALUES (#, #)',
  'SET work_mem = #',
  'SET statement_timeout TO #',
  'EXPLAIN (ANALYZE #) DELETE FROM t',
  'PREPARE p AS SELECT #',
  'EXECUTE p(#)',
  'FETCH # FROM c',
  'SELECT #; SELECT #',
  'VALUES (#), (#)',
  'SELECT x#, #x, $#, #.#, #e#, _#, #_#, t.#, #. FROM t',
  'SELECT a FROM generate_series(#, #) AS g(a) TABLESAMPLE bernoulli(#)',
)

test('a text is what it would be by itself, whatever text like it came before', () => {
  fc.assert(
    fc.property(shapes, fc.infiniteStream(number), (shape, numbers) => {
      const [first, second] = [1, 2].map(() => shape.replaceAll('#', () => numbers.next().value ?? ''))
      expect(after(first ?? '', second ?? '')).toEqual(alone(second ?? ''))
    }),
    { numRuns: 1_500 },
  )
})

const SQL =
  'SELECT FROM WHERE LIMIT AND AS AS IN VALUES UNION ALL float int CAST ROW DISTINCT ON BETWEEN x t a.b count sum $1 . .. , , ( ) ( ) = < > <> + * ; ;'
const NUMBERS = [
  '1',
  '22',
  '007',
  '123456789',
  '1234567890',
  '1.5',
  '.5',
  '5.',
  '1e5',
  '0x1F',
  '0b1',
  '1_000',
  'x1',
  '1x',
  '-1',
  '- 1',
  '[1]',
  '[ 1 ]',
  '1::int',
]
const HIDDEN = ["'1'", "' 1 '", '"1"', '" 1 "', '--1', '-- 1\n', '/*1*/1', '/* 1 */', '$$1$$', '$$ 1 $$', '$a$', '\\1']
const ODD = ['timestamp(1)', 'float(1)', 'CAST(x AS', 'é1', '1\f1', '1\r', 'E', 'U&', '%1', '|| 1']
const words = fc.constantFrom(...SQL.split(' '), ...NUMBERS, ...HIDDEN, ...ODD)

test('and so is any row of words, whether it is SQL or not', () => {
  const soup = fc.array(fc.tuple(words, gap), { minLength: 1, maxLength: 14 }).map((parts) => parts.flat().join(''))
  const select = fc.tuple(fc.constantFrom('', 'SELECT ', 'SELECT 1 FROM t WHERE a = '), soup).map((parts) => parts.join(''))
  fc.assert(
    fc.property(select, fc.infiniteStream(number), (text, numbers) => {
      const other = text.replace(/\d+/g, () => numbers.next().value ?? '')
      expect(after(text, other)).toEqual(alone(other))
    }),
    { numRuns: 3_000 },
  )
})

describe('a template', () => {
  it('names all texts that differ in whole numbers alone', () => {
    expect(templateOf('SELECT a FROM t WHERE b = 48213 AND c IN (1,2);')).toBe('SELECT a FROM t WHERE b = ? AND c IN (?,?);')
    expect(templateOf('SELECT a1, $1 FROM t WHERE b=123456789')).toBe('SELECT a1, $1 FROM t WHERE b=?')
  })

  it.each([
    ['has no number', 'SELECT a FROM t'],
    ['has no number that stands by itself', 'SELECT a1, $1, 1.5, 1e5, 0x1, 1_0, 1234567890 FROM t2'],
    ['begins with one', '1'],
    ['holds text', "SELECT '1', 2"],
    ['holds a quoted name', 'SELECT "1", 2'],
    ['holds a comment', 'SELECT 1 -- 2'],
    ['holds another comment', 'SELECT 1 /* 2 */'],
    ['holds what is not ASCII', 'SELECT 1, é'],
    ['holds a cast', 'SELECT 1::int'],
    ['holds an array', 'SELECT a[1]'],
    ['holds a type whose number the grammar looks at', 'SELECT CAST(a AS FLOAT(25))'],
    ['is long', `SELECT 1${', 1'.repeat(1_000)}`],
  ])('is none where the text %s', (_, text) => expect(templateOf(text)).toBeNull())

  it('gives each text its own words', () => {
    classify('SELECT a FROM tpl WHERE b = 1;', { trusted: TRUSTED })
    const { canonical, statements } = classify(' ;SELECT a FROM tpl WHERE b = 22 ; ', { trusted: TRUSTED })
    expect([canonical, statements[0]?.text]).toEqual([
      ' ;SELECT a FROM tpl WHERE b = 22',
      classifyAlone(' ;SELECT a FROM tpl WHERE b = 22 ; ', TRUSTED).statements[0]?.text,
    ])
  })

  it('is not believed for other trusted functions', () => {
    expect(classify('SELECT order_total(1)', { trusted: TRUSTED }).type).toBe('sql:read')
    expect(classify('SELECT order_total(2)', { trusted: TRUSTED }).type).toBe('sql:read')
    expect(classify('SELECT order_total(3)', { trusted: [] }).type).toBe('sql:unknown')
  })
})

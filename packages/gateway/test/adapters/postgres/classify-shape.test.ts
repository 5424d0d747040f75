import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classify, inherit, loadGrammar } from '../../../src/adapters/postgres/classify.ts'
import { differingIn } from '../../../src/adapters/postgres/classify/differing.ts'
import { parseTree } from '../../../src/adapters/postgres/classify/parser.ts'
import { isTree, type Tree } from '../../../src/adapters/postgres/classify/tree.ts'

await loadGrammar()

const one = (text: string) => {
  const statement = classify(text, { trusted: [] }).statements[0]
  if (!statement) throw new Error(`no statement in ${text}`)
  return statement
}
const shape = (text: string) => one(text).fingerprint

// A statement is made of pieces, each of which somebody who has one approval might like to exchange for another of its row.

const pick = (...pieces: string[]) => fc.constantFrom(...pieces)
const value = pick(
  '1',
  '2',
  '-7',
  '3000000000',
  '1.5',
  "'x'",
  "'y'",
  'true',
  'false',
  'NULL',
  '$1',
  '$2',
  "'2026-01-01'::date",
  "'t'::regclass",
  "B'1'",
  '1 + 1',
)
const table = pick('orders', 'items', 'sales.orders', 'ONLY orders')
const column = pick('id', 'status', 'orders.id', '"Id"', 'data')
const operator = pick('=', '<>', '<', '>=', 'LIKE', 'ILIKE', 'IS DISTINCT FROM', '+', '-', '->>', '||')
const call = fc.tuple(pick('lower', 'nextval', 'setval', 'coalesce', 'pg_notify', 'sales.f'), value).map(([name, arg]) => `${name}(${arg})`)
const operand = fc.oneof({ weight: 3, arbitrary: column }, value, call)
const condition = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(operand, operator, operand).map((parts) => parts.join(' ')) },
  fc.tuple(column, fc.array(value, { minLength: 1, maxLength: 3 })).map(([name, values]) => `${name} IN (${values.join(', ')})`),
  fc.tuple(column, value, value).map(([name, from, to]) => `${name} BETWEEN ${from} AND ${to}`),
  fc.tuple(column, value).map(([name, each]) => `${name} = ANY(ARRAY[${each}])`),
  fc.tuple(column, value).map(([name, each]) => `EXISTS (SELECT 1 FROM items WHERE ${name} = ${each})`),
)
const where = fc.array(condition, { minLength: 1, maxLength: 2 }).chain((all) => pick(' AND ', ' OR ').map((joint) => all.join(joint)))
const statement = fc.oneof(
  fc.tuple(table, where).map(([from, all]) => `DELETE FROM ${from} WHERE ${all}`),
  fc.tuple(table, column, operand, where).map(([of, name, to, all]) => `UPDATE ${of} SET ${name.replace('orders.', '')} = ${to} WHERE ${all}`),
  fc
    .tuple(pick('id, status', 'status, id', '*'), table, where, pick('', ' LIMIT 1', ' LIMIT 100', ' ORDER BY 1', ' ORDER BY 2', ' FOR UPDATE', ' GROUP BY 1'))
    .map(([what, from, all, end]) => `SELECT ${what} FROM ${from} WHERE ${all}${end}`),
  fc
    .tuple(
      pick('id, status', 'status, id'),
      value,
      fc.oneof(value, call),
      pick('', ' ON CONFLICT DO NOTHING', " ON CONFLICT (id) DO UPDATE SET status = 'x'", ', (1, 2)'),
    )
    .map(([columns, first, second, end]) => `INSERT INTO orders (${columns}) VALUES (${first}, ${second})${end}`),
)

/** The same statement with a token or two exchanged: a value for another one, or any for one of another statement. */
const tokens = (text: string) => text.match(/'[^']*'(?:::\w+)?|\$\d|[\w.]+|"[^"]*"|\s+|[^\s\w]+?/g) ?? []
const isValue = (token: string) => /^['$\d]|^(true|false|NULL)$/.test(token)
const exchange = fc.record({ at: fc.nat(), from: fc.nat(), value: fc.option(value) })
const pair = fc.tuple(statement, statement, fc.array(exchange, { minLength: 1, maxLength: 2 })).map(([text, other, exchanges]) => {
  const [own, foreign] = [[...tokens(text)], tokens(other)]
  for (const { at, from, value: another } of exchanges) {
    const places = own.flatMap((token, index) => (another === null || isValue(token) ? [index] : []))
    own[places[at % places.length] ?? 0] = another ?? foreign[from % foreign.length] ?? ''
  }
  return [text, own.join('')] as const
})

/** Parts of a tree in which a constant is no value: what is called and with what, which rows are given back, in which order, how often. */
const NO_VALUES = new Set(['FuncCall', 'limitCount', 'limitOffset', 'sortClause', 'groupClause', 'typmods', 'A_Indices', 'typeName', 'name'])

/** Where two trees differ, each by the way to it. */
function differences(
  a: unknown,
  b: unknown,
  way: readonly string[] = [],
): readonly { readonly way: readonly string[]; readonly a: unknown; readonly b: unknown }[] {
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length) return a.flatMap((item, index) => differences(item, b[index], way))
  if (isTree(a) && isTree(b) && !way.at(-1)?.endsWith('A_Const')) {
    const fields = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(
      (field) => !/^(location|stmt_len|stmt_location|\w*list_(start|end))$/.test(field),
    )
    return fields.flatMap((field) => differences(a[field], b[field], [...way, field]))
  }
  const own = (node: unknown) => JSON.stringify(isTree(node) ? { ...node, location: 0 } : node)
  return own(a) === own(b) ? [] : [{ way, a, b }]
}

describe('two texts of one shape', () => {
  it('differ in values, of which each is of the same kind, and in nothing else', () => {
    let same = 0
    fc.assert(
      fc.property(pair, ([approved, sent]) => {
        const print = shape(approved)
        if (print === null || print !== shape(sent)) return
        for (const { way, a, b } of differences(parseTree(approved), parseTree(sent))) {
          same += 1
          const what = { sent, at: way.at(-1), inside: way.filter((step) => NO_VALUES.has(step)), text: isText(a), flag: isFlag(a) || isFlag(b) }
          expect(what).toEqual({ sent, at: 'A_Const', inside: [], text: isText(b), flag: false })
        }
      }),
      { numRuns: 3_000 },
    )
    expect(same).toBeGreaterThan(20) // so that the property is about something
  })

  it.each([
    ['DELETE FROM a WHERE x = 1', 'DELETE  FROM a WHERE x = 2 -- y'],
    ['DELETE FROM a WHERE x = 1', 'DELETE FROM a WHERE x = -3000000000'],
    ["DELETE FROM a WHERE x = 'a'", "DELETE FROM a WHERE x = E'\\x41'"],
    ['DELETE FROM a WHERE x IN (1, 2)', 'DELETE FROM a WHERE x IN (3, 4)'],
    ['UPDATE a SET x = 1.5, y = y - 1 WHERE z BETWEEN 1 AND 2', 'UPDATE a SET x = 2e9, y = y - 5 WHERE z BETWEEN 5 AND 9'],
    ["DELETE FROM a WHERE at < now() - interval '1 day'", "DELETE FROM a WHERE at < now() - interval '2 days'"],
    ["INSERT INTO a (x, y) VALUES (1, 'b')", "INSERT INTO a (x, y) VALUES (2, 'c')"],
    [
      "WITH b AS (SELECT 1 FROM c WHERE y = 'd') DELETE FROM a USING b WHERE a.x = 1",
      "WITH b AS (SELECT 1 FROM c WHERE y = 'e') DELETE FROM a USING b WHERE a.x = 2",
    ],
    [
      'MERGE INTO a USING b ON a.x = b.x WHEN MATCHED AND b.y > 1 THEN UPDATE SET z = 2',
      'MERGE INTO a USING b ON a.x = b.x WHEN MATCHED AND b.y > 5 THEN UPDATE SET z = 6',
    ],
  ])('may be %s and %s', (a, b) => {
    expect(shape(a)).not.toBeNull()
    expect(shape(a)).toBe(shape(b))
  })

  // All but the first two of these share libpg-query's own fingerprint, or did.
  it.each([
    ['DELETE FROM a WHERE x = 1', 'DELETE FROM a WHERE x <> 1'],
    ["DELETE FROM a WHERE x LIKE 'b%'", "DELETE FROM a WHERE x LIKE '%'"],
    ['DELETE FROM a WHERE x = 1', 'DELETE FROM s.a WHERE x = 1'],
    ['DELETE FROM a WHERE x = 1 OR false', 'DELETE FROM a WHERE x = 1 OR true'],
    ['DELETE FROM a WHERE x = 1 OR 1 = 2', 'DELETE FROM a WHERE x = 1 OR 1 = 1'],
    ["DELETE FROM a WHERE x = 1 OR now() > '2999-01-01'", "DELETE FROM a WHERE x = 1 OR now() > '1970-01-01'"],
    ['DELETE FROM a WHERE x = 1', "DELETE FROM a WHERE x = '1'"],
    ['DELETE FROM a WHERE x = 1', 'DELETE FROM a WHERE x = NULL'],
    ['DELETE FROM a WHERE x = 1', 'DELETE FROM a WHERE x = $1'],
    ['DELETE FROM a WHERE x = 1', 'DELETE FROM a WHERE x = 1.5'],
    ['DELETE FROM a WHERE x = $1 AND y = $2', 'DELETE FROM a WHERE x = $2 AND y = $1'],
    ['DELETE FROM a WHERE x = 1 AND y = 2', 'DELETE FROM a WHERE y = 2 AND x = 1'],
    ['DELETE FROM a WHERE x IN (1)', 'DELETE FROM a WHERE x IN (1, 2)'],
    ['DELETE FROM a WHERE x = true', 'DELETE FROM a WHERE x = false'],
    ["DELETE FROM a WHERE x = '1'::int", "DELETE FROM a WHERE x = '1'::bigint"],
    ["DELETE FROM a WHERE x = 'b'::regclass", "DELETE FROM a WHERE x = 'c'::regclass"],
    ["DELETE FROM a WHERE x ->> 'b' = 'c'", "DELETE FROM a WHERE x ->> 'd' = 'c'"],
    ["UPDATE a SET x = x - 'b' WHERE y = 1", "UPDATE a SET x = x - 'c' WHERE y = 1"],
    ["UPDATE a SET x = x - 'b'::text WHERE y = 1", "UPDATE a SET x = x - 'c'::text WHERE y = 1"],
    ['UPDATE a SET x[1] = 1 WHERE y = 1', 'UPDATE a SET x[2] = 1 WHERE y = 1'],
    ['INSERT INTO a (x, y) VALUES (1, 2)', 'INSERT INTO a (y, x) VALUES (1, 2)'],
    ['INSERT INTO a VALUES (1)', 'INSERT INTO a VALUES (1), (2)'],
    ['INSERT INTO a VALUES (1)', 'INSERT INTO a VALUES (DEFAULT)'],
    ["INSERT INTO a VALUES (lower('x'))", "INSERT INTO a VALUES (lower('y'))"],
    ["SELECT nextval('a')", "SELECT nextval('b')"],
    ['SELECT x FROM a LIMIT 1', 'SELECT x FROM a LIMIT 1000000'],
    ['SELECT x FROM a LIMIT 1', 'SELECT x FROM a LIMIT ALL'],
    ['SELECT x, y FROM a ORDER BY 1', 'SELECT x, y FROM a ORDER BY 2'],
    ['SELECT x, y FROM a', 'SELECT y, x FROM a'],
    ['SELECT x::numeric(10, 2) FROM a', 'SELECT x::numeric(20, 2) FROM a'],
    [`SELECT ${'abs('.repeat(120)}1${')'.repeat(120)}`, `SELECT ${'abs('.repeat(120)}a.b${')'.repeat(120)}`],
  ])('are not %s and %s', (a, b) => {
    expect(shape(a)).not.toBeNull()
    expect(shape(a)).not.toBe(shape(b))
  })
})

describe('what a reviewer is shown to differ', () => {
  it('is all that may be exchanged, and nothing else of the text', () => {
    fc.assert(
      fc.property(statement, (text) => {
        const spans = differingIn(text)
        const other = (spans ?? []).toReversed().reduce((so, { from, to }) => so.slice(0, from) + another(text.slice(from, to)) + so.slice(to), text)
        expect(spans).not.toBeNull()
        expect(shape(other)).toBe(shape(text))
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ["DELETE FROM é WHERE a = 'x''y' AND b IN (-1, 2.5e3)", ["'x''y'", '-1', '2.5e3']],
    ["DELETE FROM a WHERE b = E'it\\'s' AND c = $q$it's$q$ AND d = U&'\\0041'", ["E'it\\'s'", "$q$it's$q$", "U&'\\0041'"]],
    ["UPDATE a SET b = 'one'\n  'two', c = lower('no') WHERE d = 0x1f AND e = $1 LIMIT", []],
    ["UPDATE a SET b = 'one'\n  'two', c = lower('no') WHERE d = 0x1f AND e = $1", ["'one'\n  'two'", '0x1f']],
    ['TRUNCATE a', []],
  ])('of %s is %j', (text, parts) => expect(differingIn(text)?.map(({ from, to }) => text.slice(from, to))).toEqual(parts))
})

const another = (part: string) => (/['$]/.test(part) ? "'another'" : part.includes('.') ? '7.5' : '7')

describe('no shape', () => {
  it.each([
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'x'",
    'SET role a',
    'NOTIFY a',
    'CALL p()',
    'COPY a FROM STDIN',
    'COPY a TO STDOUT',
    'TRUNCATE a',
    'EXPLAIN ANALYZE DELETE FROM a WHERE x = 1',
    'DECLARE c CURSOR FOR SELECT x FROM a WHERE y = 1',
    'SELECT nextval($1)',
    'INSERT INTO a VALUES (setval($1, 5))',
  ])('has %s', (text) => expect(shape(text)).toBeNull())

  it('has what runs another statement by its name, whose arguments could be anything', () => {
    expect(inherit(one('EXECUTE p(1)'), one('DELETE FROM a WHERE x = $1'))).toMatchObject({ type: 'sql:write', fingerprint: null })
    expect(inherit(one('FETCH c'), one('DECLARE c CURSOR FOR SELECT x FROM a'))).toMatchObject({ fingerprint: null })
  })
})

const constant = (node: unknown): Tree => (isTree(node) ? node : {})
const isText = (node: unknown) => 'sval' in constant(node)
const isFlag = (node: unknown) => 'boolval' in constant(node) || 'isnull' in constant(node) || 'bsval' in constant(node)

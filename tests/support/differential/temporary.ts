/**
 * What a session has made for itself, and what of it hides something else of the same name: relations and types are looked for here even before
 * pg_catalog, functions and operators only where `pg_temp` is written.
 */
export const TEMPORARY = `
CREATE TEMPORARY TABLE orders (id int, person int, total int, at timestamp DEFAULT now(), note text);
INSERT INTO orders SELECT i, i, i * 10, now(), 'mine ' || i FROM generate_series(1, 9) AS i;
CREATE TEMPORARY VIEW people AS SELECT id, name, public.harm(id)::text AS mail, born, score, tags, data, seen, ok FROM public.people;
CREATE TEMPORARY VIEW harmless AS SELECT id, lower(name) AS mail, score FROM public.people;
CREATE TEMPORARY VIEW harmful AS SELECT id, id AS h FROM public.people;
CREATE TEMPORARY VIEW pg_namespace AS SELECT oid, nspname, public.harm(1)::oid AS nspowner, nspacl FROM pg_catalog.pg_namespace;
CREATE TEMPORARY TABLE pg_index AS SELECT * FROM pg_catalog.pg_index LIMIT 3;
CREATE TEMPORARY SEQUENCE counter;
CREATE DOMAIN pg_temp.date AS pg_catalog.date CHECK (public.harm(1) = 1);
CREATE DOMAIN pg_temp.jsonb AS pg_catalog.jsonb;
CREATE DOMAIN pg_temp.checked AS int CHECK (VALUE > -100);
CREATE TYPE pg_temp.pair AS (x int, y public.checked);
CREATE FUNCTION pg_temp.plain(int) RETURNS int LANGUAGE sql AS 'SELECT public.harm($1)';
CREATE FUNCTION pg_temp.abs(int) RETURNS int LANGUAGE sql AS 'SELECT public.harm($1)';
CREATE FUNCTION pg_temp.more(int, int) RETURNS int LANGUAGE sql AS 'SELECT public.harm($1)';
CREATE OPERATOR pg_temp.+ (leftarg = int, rightarg = int, function = pg_temp.more);
CREATE TEMPORARY TABLE mine (id int, mood public.mood, small public.positive, born date, p pair, twice int GENERATED ALWAYS AS (id * 2) STORED);
INSERT INTO mine (id, mood, small) VALUES (1, 'good', 1), (2, 'bad', 2);
`

// What is asked of a target's catalog. Each answer is one column of JSON texts, so that the server can make the same digest of it as the gateway
// does. The session's own connection is asked too, with whatever search_path it has: every name and operator is qualified.

/** OIDs below it are PostgreSQL's own: FirstNormalObjectId (src/include/access/transam.h). */
export const FIRST_USER_OID = 16384
export const USER = `${FIRST_USER_OID}::pg_catalog.oid`

/** Writes ` = ` and the like as operators of pg_catalog. */
export function qualified(sql: string): string {
  return sql
    .replace(/ (=|<>|>=|<|!~|\|\|) /g, ' OPERATOR(pg_catalog.$1) ')
    .replace(/\s+/g, ' ')
    .trim()
}

const json = (...values: readonly string[]) => `pg_catalog.json_build_array(${values.join(', ')})::pg_catalog.text`

const extensionOf = (catalog: string, oid: string) =>
  `(SELECT e.extname FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
    WHERE d.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass AND d.objid = ${oid} AND d.objsubid = 0 AND d.deptype = 'e' LIMIT 1)`

/** Fields of a stored expression or query (pg_node_tree) that say by OID what it runs and reads: functions, operators, relations, types. */
const FIELDS = 'funcid|aggfnoid|winfnoid|startInRangeFunc|endInRangeFunc|tsmhandler|opno|opnos|eqop|sortop|cycle_mark_neop|relid|\\w*types?|typid|hasForUpdate'

/**
 * All that is named in a pg_node_tree, without PostgreSQL's own types: triples of the field, its value, and for a function of PostgreSQL's own its
 * name (`cast` for one that casts). A client's text in a tree can add to them and hide nothing: blanks in it are escaped.
 */
const named = (node: string) =>
  `(SELECT pg_catalog.json_agg(pg_catalog.json_build_array(t.field, t.value, t.name) ORDER BY t.field, t.value) FROM (
    SELECT DISTINCT m[1] AS field, m[2] AS value, CASE WHEN m[1] = ANY (ARRAY['funcid', 'aggfnoid', 'winfnoid']) THEN
      (SELECT CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_cast k WHERE k.castfunc = f.oid AND k.oid < ${USER})
          THEN 'cast' ELSE ns.nspname::pg_catalog.text || '.' || f.proname::pg_catalog.text END
        FROM pg_catalog.pg_proc f JOIN pg_catalog.pg_namespace ns ON ns.oid = f.pronamespace
        WHERE f.oid = m[2]::pg_catalog.oid AND f.oid < ${USER}) END AS name
    FROM pg_catalog.regexp_matches(${node}::pg_catalog.text, ':(${FIELDS}) (true|[1-9]\\d*|\\(o [\\d ]+\\))', 'g') m
    WHERE CASE WHEN m[1] !~ '(types?|typid)$' THEN true
      ELSE EXISTS (SELECT FROM pg_catalog.regexp_matches(m[2], '[0-9]+', 'g') n WHERE n[1]::pg_catalog.oid >= ${USER}) END) t)`

/** The members of operator families, each with the type that it is for: support functions, and the functions of operators. */
const MEMBERS = `
  SELECT a.amprocfamily AS family, a.amproclefttype AS type, a.amproc::pg_catalog.oid AS oid FROM pg_catalog.pg_amproc a
  UNION SELECT a.amopfamily, a.amoplefttype, o.oprcode::pg_catalog.oid FROM pg_catalog.pg_amop a JOIN pg_catalog.pg_operator o ON o.oid = a.amopopr`

const FUNCTIONS_OF = (family: string) => `SELECT DISTINCT m.oid FROM (${MEMBERS}) m WHERE m.family = ${family} ORDER BY m.oid`

/** Functions that are not PostgreSQL's own, and those of its own that are not as initdb made them first: their rows have another xmin. */
const FUNCTIONS = `
SELECT ${json(
  "'function'",
  'p.oid',
  'n.nspname',
  'p.proname',
  'p.proargtypes::pg_catalog.oid[]',
  'p.pronargdefaults',
  'p.provariadic',
  'p.prorettype',
  `CASE WHEN p.oid < ${USER} THEN l.lanname END`,
  `CASE WHEN p.oid < ${USER} THEN p.prosrc END`,
  `CASE WHEN p.oid < ${USER} THEN ${named('p.prosqlbody')} END`,
  extensionOf('pg_proc', 'p.oid'),
  'p.xmin', // another once it was replaced or altered
  `CASE WHEN p.oid < ${USER} THEN ${named('p.proargdefaults')} END`,
  'p.provolatile',
  // Whose body may take the place of its call (inline_function in the server's clauses.c).
  `l.lanname = 'sql'::pg_catalog.name AND p.prokind = 'f'::pg_catalog."char" AND NOT p.prosecdef AND NOT p.proretset AND p.proconfig IS NULL`,
)} AS fact
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE p.oid >= ${USER} OR p.xmin <> 1 AND l.lanname <> 'c'::pg_catalog.name`

/** How PostgreSQL's own functions and operators are called whose names somebody else's have too. */
const SIGNATURES = `
SELECT ${json("'signature'", "'function'", 'p.proname', 'p.proargtypes::pg_catalog.oid[]')} AS fact
FROM pg_catalog.pg_proc p
WHERE p.oid < ${USER} AND p.proname = ANY (ARRAY(SELECT u.proname FROM pg_catalog.pg_proc u WHERE u.oid >= ${USER}))
UNION ALL
SELECT ${json("'signature'", "'operator'", 'o.oprname', 'ARRAY[o.oprleft, o.oprright]')}
FROM pg_catalog.pg_operator o
WHERE o.oid < ${USER} AND o.oprname = ANY (ARRAY(SELECT u.oprname FROM pg_catalog.pg_operator u WHERE u.oid >= ${USER}))`

const OPERATORS = `
SELECT ${json("'operator'", 'o.oid', 'n.nspname', 'o.oprname', 'ARRAY[o.oprleft, o.oprright]', 'o.oprcode::pg_catalog.oid', extensionOf('pg_operator', 'o.oid'))} AS fact
FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
WHERE o.oid >= ${USER} OR o.xmin <> 1`

const CASTS = `
SELECT ${json(
  "'cast'",
  'c.castsource',
  'c.casttarget',
  'c.castfunc',
  'c.castcontext',
  `pg_catalog.format('%s AS %s', c.castsource::pg_catalog.regtype, c.casttarget::pg_catalog.regtype)`,
  `(SELECT n.nspname::pg_catalog.text || '.' || p.proname::pg_catalog.text FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE p.oid = c.castfunc)`,
  extensionOf('pg_cast', 'c.oid'),
)} AS fact
FROM pg_catalog.pg_cast c WHERE c.oid >= ${USER} OR c.xmin <> 1`

/**
 * Types with what each can give: its elements, its fields, its base type, its range. A table's rows are among them only where they give something that is not
 * PostgreSQL's own, because of tables there may be any number.
 */
const TYPES = `
SELECT ${json(
  "'type'",
  't.oid',
  'n.nspname',
  't.typname',
  't.typtype',
  't.typcategory',
  't.typispreferred',
  `(SELECT pg_catalog.array_agg(part) FROM (
      SELECT t.typelem AS part UNION SELECT t.typarray UNION SELECT t.typbasetype
      UNION SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid OR r.rngmultitypid = t.oid
      UNION SELECT r.rngmultitypid FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid
      UNION SELECT r.rngtypid FROM pg_catalog.pg_range r WHERE r.rngmultitypid = t.oid
      UNION SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND t.typrelid <> 0::pg_catalog.oid) parts
    WHERE part >= ${USER})`,
  `CASE WHEN t.typtype = 'b'::pg_catalog."char" THEN ARRAY[t.typinput::pg_catalog.oid, t.typoutput::pg_catalog.oid, t.typreceive::pg_catalog.oid,
      t.typsend::pg_catalog.oid, t.typmodin::pg_catalog.oid, t.typmodout::pg_catalog.oid, t.typsubscript::pg_catalog.oid]
    WHEN t.typtype = 'r'::pg_catalog."char" THEN (SELECT ARRAY[r.rngcanonical::pg_catalog.oid, r.rngsubdiff::pg_catalog.oid] || ARRAY(${FUNCTIONS_OF('o.opcfamily')})
      FROM pg_catalog.pg_range r JOIN pg_catalog.pg_opclass o ON o.oid = r.rngsubopc WHERE r.rngtypid = t.oid) END`,
  `(SELECT pg_catalog.json_agg(${named('k.conbin')} ORDER BY k.oid) FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND t.typtype = 'd'::pg_catalog."char")`,
  extensionOf('pg_type', 't.oid'),
  'c.oid IS NOT NULL',
)} AS fact
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typelem <> 0::pg_catalog.oid
LEFT JOIN pg_catalog.pg_class c ON c.oid = ANY (ARRAY[t.typrelid, e.typrelid]) AND c.relkind <> 'c'::pg_catalog."char"
WHERE t.oid >= ${USER} AND (c.oid IS NULL OR EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.atttypid >= ${USER}))`

/** What sorting, grouping and hashing of a type runs, where somebody has said so: default operator classes for btree and hash. */
const CLASSES = `
SELECT ${json("'class'", 'c.opcintype', 'n.nspname', 'c.opcname', `ARRAY(${FUNCTIONS_OF('c.opcfamily')})`, extensionOf('pg_opclass', 'c.oid'))} AS fact
FROM pg_catalog.pg_opclass c JOIN pg_catalog.pg_namespace n ON n.oid = c.opcnamespace
WHERE c.opcdefault AND (c.oid >= ${USER} OR c.xmin <> 1) AND c.opcmethod = ANY (ARRAY[403, 405]::pg_catalog.oid[])`

/**
 * What an index, a join or a partition runs for the operators that somebody has put into a family, whether or not it has a class: built-in ones may be among them. Of functions
 * in a language, for what is compiled a superuser has installed, and extensions bring index access for built-in types (pg_trgm, btree_gist).
 */
const FAMILIES = `
SELECT ${json("'class'", 'm.type', 'n.nspname', 'f.opfname', 'pg_catalog.array_agg(m.oid ORDER BY m.oid)', extensionOf('pg_opfamily', 'f.oid'))} AS fact
FROM (${MEMBERS}) m JOIN pg_catalog.pg_opfamily f ON f.oid = m.family JOIN pg_catalog.pg_namespace n ON n.oid = f.opfnamespace
JOIN pg_catalog.pg_proc p ON p.oid = m.oid JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE m.oid >= ${USER} AND l.lanname <> 'c'::pg_catalog.name AND l.lanname <> 'internal'::pg_catalog.name
GROUP BY m.type, n.nspname, f.opfname, f.oid`

/** Everything that is not PostgreSQL's own and that a name, or no name at all, could mean. */
export const OBJECTS = qualified([FUNCTIONS, SIGNATURES, OPERATORS, CASTS, TYPES, CLASSES, FAMILIES].join('\nUNION ALL\n'))

/** A relation with what inherits from it, and partitions. */
const KIN = 'WITH RECURSIVE kin(oid) AS (SELECT c.oid UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN kin ON i.inhparent = kin.oid)'

/** Expressions that the planner looks at, and so works out as far as it can, whatever the statement: of indexes, checks, statistics and partition keys. */
const PLANNED = `
  SELECT i.indexprs::pg_catalog.text FROM pg_catalog.pg_index i WHERE i.indrelid = kin.oid
  UNION SELECT i.indpred::pg_catalog.text FROM pg_catalog.pg_index i WHERE i.indrelid = kin.oid
  UNION SELECT k.conbin::pg_catalog.text FROM pg_catalog.pg_constraint k WHERE k.conrelid = kin.oid
  UNION SELECT s.stxexprs::pg_catalog.text FROM pg_catalog.pg_statistic_ext s WHERE s.stxrelid = kin.oid
  UNION SELECT p.partexprs::pg_catalog.text FROM pg_catalog.pg_partitioned_table p WHERE p.partrelid = kin.oid`

/** One relation and what reading it runs. `$1` are names, `$2` OIDs. */
export const RELATIONS = qualified(`
SELECT ${json(
  'c.oid',
  'n.nspname',
  'c.relname',
  'c.relkind',
  `(SELECT pg_catalog.json_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped)`,
  `(SELECT pg_catalog.array_agg(DISTINCT t.oid) FROM pg_catalog.pg_type t
    WHERE (t.oid = c.reltype OR t.typelem = c.reltype AND c.reltype <> 0::pg_catalog.oid
      OR t.oid = ANY (ARRAY(SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped)))
      AND t.oid >= ${USER})`,
  `(SELECT pg_catalog.json_agg(${named('r.ev_action')}) FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type = '1'::pg_catalog."char")`,
  `CASE WHEN c.relrowsecurity THEN (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(p.polname, ${named('p.polqual')}, ${named('p.polwithcheck')}) ORDER BY p.polname)
    FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid) END`,
  `(${KIN}
    SELECT pg_catalog.json_agg(pg_catalog.json_build_array(ks.nspname, kc.relname, ${extensionOf('pg_class', 'kc.oid')}) ORDER BY ks.nspname, kc.relname)
    FROM kin JOIN pg_catalog.pg_class kc ON kc.oid = kin.oid JOIN pg_catalog.pg_namespace ks ON ks.oid = kc.relnamespace
    WHERE kc.relkind = 'f'::pg_catalog."char" OR kc.relam >= ${USER})`,
  `(${KIN}
    SELECT pg_catalog.json_agg(${named('d.adbin')}) FROM kin JOIN pg_catalog.pg_attribute a ON a.attrelid = kin.oid
    JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attgenerated = 'v'::pg_catalog."char")`,
  extensionOf('pg_class', 'c.oid'),
  `(SELECT pg_catalog.md5(pg_catalog.string_agg(r.ev_action::pg_catalog.text, '' ORDER BY r.oid)) FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid)`,
  `(${KIN} SELECT pg_catalog.json_agg(e.tree ORDER BY e.tree COLLATE "C") FROM kin CROSS JOIN LATERAL (${PLANNED}) e(tree) WHERE e.tree ~ ':(funcid|opno) [1-9][0-9]{4}')`,
  `(${KIN} SELECT pg_catalog.json_agg(d.adbin::pg_catalog.text ORDER BY d.oid) FROM kin JOIN pg_catalog.pg_attrdef d ON d.adrelid = kin.oid
    WHERE d.adbin::pg_catalog.text ~ ':(funcid|opno) [1-9][0-9]{4}')`,
  `EXISTS (${KIN} SELECT FROM kin JOIN pg_catalog.pg_rewrite r ON r.ev_class = kin.oid WHERE r.ev_type <> '1'::pg_catalog."char")`,
)} AS fact
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE (c.relname = ANY ($1::pg_catalog.name[]) OR c.oid = ANY ($2::pg_catalog.oid[])) AND c.relkind <> ALL (ARRAY['i', 'I', 't', 'c']::pg_catalog."char"[])`)

/** `SELECT` of one digest that changes whenever an answer of `query` does. */
export function digestOf(query: string): string {
  return `SELECT pg_catalog.md5(COALESCE(pg_catalog.string_agg(fact, pg_catalog.chr(10) ORDER BY fact COLLATE pg_catalog."C"), '')) FROM (${query}) facts`
}

/**
 * What can be seen at this moment: as long as it is the same nothing was committed, and no catalog has changed. A standby leaves out of it what
 * is still in progress, so there it says nothing.
 */
export const MOMENT = 'SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE pg_catalog.pg_current_snapshot()::pg_catalog.text END'

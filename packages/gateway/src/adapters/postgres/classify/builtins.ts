// Operators and types of pg_catalog, from the catalogs of PostgreSQL 15 and 18. A user's operator or type may run a user's function.

/** Operators a read may use, unqualified or as OPERATOR(pg_catalog.x). `!=` is the grammar's `<>`. */
export const OPERATORS: ReadonlySet<string> = new Set(
  (
    '!! !~ !~* !~~ !~~* # ## #- #> #>> % & && &< &<| &> * *< *<= *<> *= *> *>= + - -> ->> -|- / < <-> << <<= <<| <= <> <@ <^ = > >= >> >>= >^ ' +
    '? ?# ?& ?- ?-| ?| ?|| @ @-@ @> @? @@ @@@ ^ ^@ | |&> |/ |>> || ||/ ~ ~* ~<=~ ~<~ ~= ~>=~ ~>~ ~~ ~~*'
  ).split(' '),
)

const TYPE_NAMES = `
  aclitem anyarray bit bool box bpchar bytea char cid cidr circle date datemultirange daterange float4 float8 gtsvector inet int2 int2vector int4
  int4multirange int4range int8 int8multirange int8range interval json jsonb jsonpath line lseg macaddr macaddr8 money name numeric nummultirange
  numrange oid oidvector path pg_lsn pg_node_tree pg_snapshot point polygon record refcursor regclass regcollation regconfig regdictionary regnamespace
  regoper regoperator regproc regprocedure regrole regtype text tid time timestamp timestamptz timetz tsmultirange tsquery tsrange tstzmultirange
  tstzrange tsvector txid_snapshot unknown uuid varbit varchar void xid xid8 xml
`

/** Types a read may cast to by an unqualified name. PostgreSQL looks in pg_catalog first unless `search_path` says otherwise, which is `sql:admin`. */
export const TYPES: ReadonlySet<string> = new Set(TYPE_NAMES.trim().split(/\s+/))

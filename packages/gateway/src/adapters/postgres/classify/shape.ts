import { createHash } from 'node:crypto'
import { WRITING_FUNCTIONS } from './functions.ts'
import { as, isTree, list, names, text, tree, type Tree, unwrap } from './tree.ts'

/** What another value of a constant may be: of the same kind, and no other type would be found for it. */
export type ConstantKind = 'integer' | 'numeric' | 'text'

/** A constant that may differ. `location` is where it begins in the statement, in bytes. */
export interface Differing {
  readonly location: number
  readonly kind: ConstantKind
}

/** What all statements of one shape have in common, as a digest, and the constants in which they differ. */
export interface Shape {
  readonly print: string
  readonly differs: readonly Differing[]
}

/** Only these have a shape: of anything else the words say too little of what it does. */
const SHAPED: ReadonlySet<string> = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'])

/**
 * The shape of one statement: its whole parse tree, in which constants may differ where they are nothing but values. Null where it has none: of another kind of
 * statement, and where a parameter says which object is changed (`nextval($1)`). libpg-query's own fingerprint is not used: for it a LIMIT, a schema, `$1` and
 * `$2`, the order of columns and the name of a sequence are all the same (decisions/0022).
 */
export function shapeOf(kind: string, node: Tree): Shape | null {
  if (!SHAPED.has(kind) || namesByParameter(node)) return null
  const differs: Differing[] = []
  const skeleton = new Skeleton(differs).any({ [kind]: node })
  return { print: createHash('sha256').update(JSON.stringify(skeleton)).digest('hex'), differs }
}

/** How a field is gone into: any nodes; one node that the tree has without its kind; rows of values; values; targets of SET, whose values are values. */
type Way = 'nodes' | 'SelectStmt' | 'WithClause' | 'OnConflictClause' | 'rows' | 'values' | 'targets'

/** The fields in which a condition or a value may stand. What is not here has to be the same, and all that is inside it. */
const INSIDE: Readonly<Record<string, Readonly<Record<string, Way>>>> = {
  SelectStmt: {
    targetList: 'nodes',
    fromClause: 'nodes',
    whereClause: 'nodes',
    havingClause: 'nodes',
    valuesLists: 'rows',
    withClause: 'WithClause',
    larg: 'SelectStmt',
    rarg: 'SelectStmt',
  },
  InsertStmt: { selectStmt: 'nodes', onConflictClause: 'OnConflictClause', withClause: 'WithClause' },
  UpdateStmt: { targetList: 'targets', fromClause: 'nodes', whereClause: 'nodes', withClause: 'WithClause' },
  DeleteStmt: { usingClause: 'nodes', whereClause: 'nodes', withClause: 'WithClause' },
  MergeStmt: { sourceRelation: 'nodes', joinCondition: 'nodes', mergeWhenClauses: 'nodes', withClause: 'WithClause' },
  MergeWhenClause: { condition: 'nodes', targetList: 'targets', values: 'values' },
  OnConflictClause: { targetList: 'targets', whereClause: 'nodes' },
  WithClause: { ctes: 'nodes' },
  CommonTableExpr: { ctequery: 'nodes' },
  JoinExpr: { larg: 'nodes', rarg: 'nodes', quals: 'nodes' },
  RangeSubselect: { subquery: 'nodes' },
  ResTarget: { val: 'nodes' },
  BoolExpr: { args: 'nodes' },
  SubLink: { testexpr: 'nodes', subselect: 'nodes' },
  NullTest: { arg: 'nodes' },
  BooleanTest: { arg: 'nodes' },
  CaseExpr: { args: 'nodes', defresult: 'nodes' },
  CaseWhen: { expr: 'nodes', result: 'nodes' },
  List: { items: 'nodes' },
}

/** Where a token stands says nothing of what it does. */
const POSITIONS: ReadonlySet<string> = new Set(['location', 'rexpr_list_start', 'rexpr_list_end', 'list_start', 'list_end'])

const COMPARING: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>=', '~~', '!~~', '~~*', '!~~*'])
const RECKONING: ReadonlySet<string> = new Set(['+', '-', '*', '/'])
const BETWEEN: ReadonlySet<string> = new Set(['AEXPR_BETWEEN', 'AEXPR_NOT_BETWEEN', 'AEXPR_BETWEEN_SYM', 'AEXPR_NOT_BETWEEN_SYM'])
const COMPARISONS: ReadonlySet<string> = new Set([
  'AEXPR_OP',
  'AEXPR_OP_ANY',
  'AEXPR_OP_ALL',
  'AEXPR_DISTINCT',
  'AEXPR_NOT_DISTINCT',
  'AEXPR_IN',
  'AEXPR_LIKE',
  'AEXPR_ILIKE',
])

/** PostgreSQL's own types whose values name nothing else: `'orders'::regclass` has to be the same. */
const NUMBERS_AND_TIMES = 'int2 int4 int8 numeric float4 float8 date time timetz timestamp timestamptz interval'.split(' ')
const RECKONED_TYPES: ReadonlySet<string> = new Set(NUMBERS_AND_TIMES)
const COMPARED_TYPES: ReadonlySet<string> = new Set([...NUMBERS_AND_TIMES, 'text', 'varchar', 'bpchar', 'uuid', 'inet', 'cidr'])

/** Takes a tree's skeleton: the same tree, with the kind of each constant that may differ in its place. */
class Skeleton {
  readonly #differs: Differing[]

  constructor(differs: Differing[]) {
    this.#differs = differs
  }

  any(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.any(item))
    const found = unwrap(value)
    if (found?.kind === 'A_Expr') return { A_Expr: this.#expression(found.node) }
    return found && found.kind in INSIDE ? { [found.kind]: this.#node(found.kind, found.node) } : exactly(value)
  }

  #node(kind: string, node: Tree): Tree {
    return mapped(node, (field, part) => {
      const way = INSIDE[kind]?.[field]
      return way === undefined ? exactly(part) : this.#inside(way, part)
    })
  }

  #inside(way: Way, part: unknown): unknown {
    switch (way) {
      case 'nodes':
        return this.any(part)
      case 'rows':
        return list(part).map((row) => this.#within(row, 'items'))
      case 'values':
        return list(part).map((item) => this.#value(item, COMPARED))
      case 'targets':
        return list(part).map((target) => this.#target(target))
      case 'SelectStmt':
      case 'WithClause':
      case 'OnConflictClause':
        return this.#node(way, tree(part))
    }
  }

  /** `status = 'paid'`, or a column that gets its value elsewhere. */
  #target(target: unknown): unknown {
    const node = as('ResTarget', target)
    return node ? { ResTarget: mapped(node, (field, part) => (field === 'val' ? this.#value(part, COMPARED) : exactly(part))) } : exactly(target)
  }

  /** A list or an array of values. */
  #within(value: unknown, of: 'items' | 'elements', values: Values = COMPARED): unknown {
    const found = unwrap(value)
    if (!found) return exactly(value)
    return { [found.kind]: mapped(found.node, (field, part) => (field === of ? list(part).map((item) => this.#value(item, values)) : exactly(part))) }
  }

  #expression(node: Tree): Tree {
    const values = valuesIn(node)
    const side = (own: unknown, other: unknown) => (values !== null && mentions(other, values.beside) ? this.#operand(own, values) : this.any(own))
    return mapped(node, (field, part) => {
      if (field === 'lexpr') return side(part, node.rexpr)
      return field === 'rexpr' ? side(part, node.lexpr) : exactly(part)
    })
  }

  #operand(side: unknown, values: Values): unknown {
    const kind = unwrap(side)?.kind
    if (kind === 'List') return this.#within(side, 'items', values)
    return kind === 'A_ArrayExpr' ? this.#within(side, 'elements', values) : this.#value(side, values)
  }

  /** A constant here is a value and nothing else. */
  #value(value: unknown, { strings, types }: Values): unknown {
    const cast = as('TypeCast', value)
    if (cast) {
      const arg = isOneOf(types, tree(cast.typeName)) ? this.#constant(cast.arg) : null
      return { TypeCast: mapped(cast, (field, part) => (field === 'arg' && arg !== null ? arg : exactly(part))) }
    }
    return (strings || kindOf(value) !== 'text' ? this.#constant(value) : null) ?? this.any(value)
  }

  #constant(value: unknown): unknown {
    const kind = kindOf(value)
    const location = as('A_Const', value)?.location
    if (kind === null || location === undefined) return null
    this.#differs.push({ location: Number(location), kind })
    return { differs: kind }
  }
}

/** A node with its parts seen otherwise, without where its tokens stand. */
function mapped(node: Tree, see: (field: string, part: unknown) => unknown): Tree {
  return Object.fromEntries(Object.entries(node).flatMap(([field, part]) => (POSITIONS.has(field) ? [] : [[field, see(field, part)]])))
}

/** All of it, without where its tokens stand. */
function exactly(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(exactly)
  return isTree(value) ? mapped(value, (_, part) => exactly(part)) : value
}

/** When the constants at the sides of an operator are values. */
interface Values {
  /** What must stand on the other side: `1 = 1` and `now() > '2000-01-01'` say whether there is a condition. */
  readonly beside: ReadonlySet<string>
  /** False where a string might be a key: `data - 'name'`. */
  readonly strings: boolean
  readonly types: ReadonlySet<string>
}

const COMPARED: Values = { beside: new Set(['ColumnRef']), strings: true, types: COMPARED_TYPES }
const RECKONED: Values = { beside: new Set(['ColumnRef', 'FuncCall', 'SQLValueFunction']), strings: false, types: RECKONED_TYPES }

/** Null where they may be anything. */
function valuesIn({ kind, name }: Tree): Values | null {
  if (BETWEEN.has(text(kind) ?? '')) return COMPARED
  const path = names(name)
  const operator = isOwn(path) ? (path.at(-1) ?? '') : ''
  if (COMPARING.has(operator) && COMPARISONS.has(text(kind) ?? '')) return COMPARED
  return RECKONING.has(operator) && kind === 'AEXPR_OP' ? RECKONED : null
}

/** Written without a schema, or with PostgreSQL's. */
const isOwn = (path: readonly string[]) => path.length === 1 || (path.length === 2 && path[0] === 'pg_catalog')

function mentions(value: unknown, kinds: ReadonlySet<string>): boolean {
  if (Array.isArray(value)) return value.some((item) => mentions(item, kinds))
  return isTree(value) && Object.entries(value).some(([key, part]) => kinds.has(key) || mentions(part, kinds))
}

function isOneOf(types: ReadonlySet<string>, type: Tree): boolean {
  const path = names(type.names)
  return isOwn(path) && types.has(path.at(-1) ?? '') && type.typmods === undefined && type.arrayBounds === undefined
}

/** The largest number that is an int8. What is larger is numeric to the server. */
const MAX_INT8 = 2n ** 63n - 1n

/** Null for what is no constant that may differ: true, false, NULL and strings of bits are none. */
function kindOf(value: unknown): ConstantKind | null {
  const node = as('A_Const', value)
  if (!node) return null
  if ('sval' in node) return 'text'
  if ('ival' in node) return 'integer'
  const number = text(tree(node.fval).fval) ?? ''
  if (/^-?\d+$/.test(number)) return BigInt(number) <= MAX_INT8 ? 'integer' : 'numeric'
  return /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(number) ? 'numeric' : null
}

/** A parameter in the call of a function that writes says what is written. */
function namesByParameter(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(namesByParameter)
  if (!isTree(value)) return false
  const call = as('FuncCall', value)
  const writes = call !== null && WRITING_FUNCTIONS.has(names(call.funcname).at(-1) ?? '')
  return (writes && mentions(call.args, PARAMETERS)) || Object.values(value).some(namesByParameter)
}

const PARAMETERS: ReadonlySet<string> = new Set(['ParamRef'])

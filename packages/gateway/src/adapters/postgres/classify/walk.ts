import type { SqlType } from '@countersign/core/action'
import { type Scalar, scalarOf, takesColumns } from './attributes.ts'
import { OPERATORS, TYPES } from './builtins.ts'
import { READING_FUNCTIONS, READING_QUALIFIED, REFUSED_FUNCTIONS, WRITING_FUNCTIONS } from './functions.ts'
import { NODES } from './nodes.ts'
import { isSessionSetting } from './settings.ts'
import { typeOfNode, widest } from './statements.ts'
import { as, constant, dotted, isTree, list, names, relationName, text, tree, type Tree, unwrap } from './tree.ts'
import { isUnbounded } from './unbounded.ts'
import { Gathering, type Uses } from './uses.ts'

/** Names of CTEs that a place in the tree can see. */
type Scope = ReadonlySet<string>

const WITHOUT_OPERATOR = new Set(['AEXPR_BETWEEN', 'AEXPR_NOT_BETWEEN', 'AEXPR_BETWEEN_SYM', 'AEXPR_NOT_BETWEEN_SYM'])
/** What BETWEEN is made of, and what IN, USING and CASE compare with. */
const BOUNDS = [['>='], ['<=']] as const
const EQUALS = ['='] as const
const ROW_CHANGES = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'])

/** What the grammar has words for since 16 or 17: a server of an older version calls whatever function has that name. */
const WORDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['JsonArrayAgg', ['json_arrayagg']],
  ['JsonArrayConstructor', ['json_array']],
  ['JsonArrayQueryConstructor', ['json_array']],
  ['JsonFuncExpr', ['json_value', 'json_query', 'json_exists']],
  ['JsonObjectAgg', ['json_objectagg']],
  ['JsonObjectConstructor', ['json_object']],
  ['JsonParseExpr', ['json']],
  ['JsonScalarExpr', ['json_scalar']],
  ['JsonSerializeExpr', ['json_serialize']],
  ['MergeSupportFunc', ['merge_action']],
])

/**
 * Walks a query or a change of rows and collects what it touches and how wide that makes it. Every node, and every field of one, must be in NODES:
 * what is not known there cannot be called a read.
 */
export class Walk {
  readonly tables = new Set<string>()
  readonly columns = new Set<string>()
  type: SqlType = 'sql:session'
  /** Why it is `sql:unknown`. */
  because: string | null = null
  unbounded = false
  readonly #uses = new Gathering()
  readonly #scalars: Scalar[] = []
  readonly #qualified: { readonly of: string; readonly name: string }[] = []
  readonly #trusted: ReadonlySet<string>

  constructor(trusted: ReadonlySet<string>) {
    this.#trusted = trusted
  }

  /** What the live catalog has to say more about. */
  get uses(): Uses | null {
    return this.#uses.uses()
  }

  /** A wrapped node, a list of them, or a plain value, wherever it stands. */
  value(value: unknown, scope: Scope = new Set()): void {
    if (Array.isArray(value)) for (const item of value) this.value(item, scope)
    if (!isTree(value)) return
    const found = unwrap(value)
    if (found) this.node(found.kind, found.node, scope)
  }

  node(kind: string, node: Tree, scope: Scope): void {
    const fields = NODES.get(kind)
    if (!fields) return this.#unknown(`the gateway does not know ${kind}`)
    this.#judge(kind, node, scope)
    if (kind === 'A_Const') return
    const inner = this.#with(node, scope)
    for (const [field, value] of Object.entries(node)) this.#field(kind, field, value, inner)
  }

  /** Rows of the system's own tables are roles, functions and settings: UPDATE pg_settings is SET. */
  changes(relation: Tree): void {
    this.tables.add(relationName(relation))
    this.#uses.relation(relation)
    if (isOfSystem(relation)) this.widen('sql:admin')
  }

  widen(type: SqlType): void {
    this.type = widest([this.type, type])
  }

  #field(kind: string, field: string, value: unknown, scope: Scope): void {
    if (field === 'location' || field === 'withClause' || field === 'lockingClause' || field === 'intoClause') return
    const fields = NODES.get(kind)
    const unwrapped = fields && Object.hasOwn(fields, field) ? fields[field] : undefined
    if (unwrapped === undefined) return this.#unknown(`the gateway does not know ${field} of ${kind}`)
    if (unwrapped === null) this.value(value, scope)
    else if (unwrapped === 'RangeVar' && ROW_CHANGES.has(kind)) this.changes(tree(value))
    else this.node(unwrapped, tree(value), scope)
  }

  /** The scope inside a statement, after its CTEs were walked: each sees the ones before it, and all of them in WITH RECURSIVE. */
  #with(node: Tree, scope: Scope): Scope {
    const clause = tree(node.withClause)
    const ctes = list(clause.ctes).map((cte) => tree(as('CommonTableExpr', cte)))
    const named = ctes.map((cte) => text(cte.ctename) ?? '')
    ctes.forEach((cte, index) => this.node('CommonTableExpr', cte, new Set([...scope, ...(clause.recursive ? named : named.slice(0, index))])))
    return ctes.length > 0 ? new Set([...scope, ...named]) : scope
  }

  #judge(kind: string, node: Tree, scope: Scope): void {
    switch (kind) {
      case 'SelectStmt':
        return this.#select(node)
      case 'InsertStmt':
      case 'UpdateStmt':
      case 'DeleteStmt':
      case 'MergeStmt':
        return this.#change(kind, node)
      case 'OnConflictClause':
      case 'MergeWhenClause':
        return this.#targets(node.targetList)
      case 'RangeVar':
        return this.#relation(node, scope)
      case 'RangeTableSample':
        return this.#sample(names(node.method))
      case 'FuncCall':
        return this.#call(node)
      case 'A_Expr':
        return this.#expression(node)
      case 'SubLink':
        return this.#sublink(node)
      case 'CaseExpr':
        return node.arg === undefined ? undefined : this.#uses.operator(EQUALS)
      case 'SortBy':
        return this.#operator(names(node.useOp))
      case 'TypeName':
        return this.#typeName(names(node.names))
      case 'ColumnRef':
        return this.#column(node)
      case 'A_Indirection':
        return this.#indirection(node)
      case 'ParamRef':
        return this.#uses.parameter()
      case 'RangeFunction':
        return this.#rangeFunction(node)
      case 'RangeSubselect':
      case 'RangeTableFunc':
      case 'JsonTable':
        return this.#uses.source(node.alias, '')
      case 'JoinExpr':
        return this.#join(node)
      case 'IndexElem':
        return this.#indexElement(node)
      default:
        for (const name of WORDS.get(kind) ?? []) this.#uses.function([name])
    }
  }

  #select(node: Tree): void {
    this.widen(typeOfNode('SelectStmt'))
    if (node.lockingClause) this.widen('sql:write')
    if (!node.intoClause) return
    this.widen('sql:ddl')
    this.tables.add(relationName(tree(tree(node.intoClause).rel)))
  }

  #change(kind: string, node: Tree): void {
    this.widen(typeOfNode(kind))
    this.#targets(node.cols)
    if (kind === 'UpdateStmt') this.#targets(node.targetList)
    if (isUnbounded(kind, node)) this.unbounded = true
  }

  #targets(targets: unknown): void {
    for (const target of list(targets)) {
      const name = text(as('ResTarget', target)?.name)
      if (name !== null) this.columns.add(name)
    }
  }

  #relation(node: Tree, scope: Scope): void {
    const name = text(node.relname) ?? ''
    if (node.schemaname === undefined && scope.has(name)) return this.#uses.source(node.alias, name)
    this.tables.add(relationName(node))
    return this.#uses.relation(node)
  }

  #join(node: Tree): void {
    for (const name of names(node.usingClause)) this.columns.add(name)
    if (node.isNatural === true || node.usingClause !== undefined) this.#uses.operator(EQUALS)
    for (const alias of [node.alias, node.join_using_alias]) if (isTree(alias)) this.#uses.source(alias, '')
  }

  #indirection(node: Tree): void {
    const path = names(node.indirection)
    for (const name of path) this.#uses.attribute(null, name)
    if (!takesColumns(node)) this.#unknown(`.${path.join('.')} of a value may call a function of that name`)
  }

  #column(node: Tree): void {
    const path = names(node.fields)
    const name = path.at(-1)
    if (list(node.fields).some((field) => as('A_Star', field))) this.columns.add('*')
    else if (name !== undefined) this.columns.add(name)
    if (path.length < 2 || name === undefined) return
    this.#attribute(name)
    this.#uses.attribute(path.at(-2) ?? null, name)
    this.#qualified.push({ of: path.at(-2) ?? '', name })
    for (const scalar of this.#scalars) this.#ofScalar(scalar)
  }

  #rangeFunction(node: Tree): void {
    const scalar = scalarOf(node)
    this.#uses.source(node.alias, scalar?.alias ?? '')
    if (scalar === null) return
    if (scalar.alias === '') return this.#unknown('an expression in FROM has no name')
    this.#scalars.push(scalar)
    this.#ofScalar(scalar)
  }

  /** Columns are often walked before the FROM that they are of, so each of the two looks at what there is of the other. */
  #ofScalar({ alias, columns }: Scalar): void {
    const called = this.#qualified.find(({ of, name }) => of === alias && !columns.has(name))
    if (called) this.#unknown(`${alias}.${called.name} may call a function of that name`)
  }

  /**
   * `x.name` is `name(x)` when x has no such column (tried: `SELECT x.pg_cancel_backend FROM pg_backend_pid() x` cancels). A user's function
   * cannot be told from a column without the catalog; the built-in ones that do harm can.
   */
  #attribute(name: string): void {
    if (WRITING_FUNCTIONS.has(name)) this.widen('sql:write')
    if (REFUSED_FUNCTIONS.has(name)) this.#unknown(`.${name} may call the function ${name}`)
  }

  #sample(method: readonly string[]): void {
    this.#uses.function(method)
    const name = this.#builtin(method)
    if (name !== 'bernoulli' && name !== 'system') this.#unknown(`the sampling method ${dotted(method)} is not built in`)
  }

  #call(node: Tree): void {
    const path = names(node.funcname)
    this.#uses.function(path)
    const written = dotted(path)
    const name = this.#builtin(path)
    if (this.#isTrusted(path) || READING_QUALIFIED.has(written)) return
    if (name !== null && READING_FUNCTIONS.has(name)) return
    if (name !== null && WRITING_FUNCTIONS.has(name)) return this.widen('sql:write')
    if (name === 'set_config' && isHarmlessSetConfig(list(node.args))) return
    this.#unknown(`the function ${written} is not known to only read`)
  }

  #expression(node: Tree): void {
    if (!WITHOUT_OPERATOR.has(text(node.kind) ?? '')) return this.#operator(names(node.name))
    for (const path of BOUNDS) this.#uses.operator(path)
  }

  /** `IN (SELECT …)` is `= ANY (SELECT …)`. */
  #sublink(node: Tree): void {
    const path = names(node.operName)
    if (path.length === 0 && node.subLinkType === 'ANY_SUBLINK') this.#uses.operator(EQUALS)
    this.#operator(path)
  }

  #operator(path: readonly string[]): void {
    if (path.length === 0) return
    this.#uses.operator(path)
    const name = this.#builtin(path)
    if (name === null || !OPERATORS.has(name)) this.#unknown(`the operator ${dotted(path)} is not built in`)
  }

  #typeName(path: readonly string[]): void {
    const name = path.at(-1) ?? ''
    this.#uses.type(path)
    const builtIn = path.length === 1 ? TYPES.has(name) : path.length === 2 && (path[0] === 'pg_catalog' || path[0] === 'information_schema')
    if (!builtIn && !this.#isTrusted(path)) this.#unknown(`the type ${dotted(path)} is not built in`)
  }

  #indexElement(node: Tree): void {
    const name = text(node.name)
    if (name !== null) this.columns.add(name)
  }

  /** The name when it was written unqualified or as pg_catalog.name. */
  #builtin(path: readonly string[]): string | null {
    return path.length === 1 || (path.length === 2 && path[0] === 'pg_catalog') ? (path.at(-1) ?? null) : null
  }

  #isTrusted(path: readonly string[]): boolean {
    const written = dotted(path)
    return path.length === 1 ? [...this.#trusted].some((name) => name.endsWith(`.${written}`)) : this.#trusted.has(written)
  }

  #unknown(because: string): void {
    this.because ??= because
    this.widen('sql:unknown')
  }
}

/** pgAdmin starts with `SELECT set_config('bytea_output', 'hex', false)`: as harmless as that SET when everything in it is constant. */
function isHarmlessSetConfig(args: readonly unknown[]): boolean {
  const [name, value] = args.map((arg) => constant(arg))
  return args.length === 3 && typeof name === 'string' && typeof value === 'string' && isSessionSetting(name.toLowerCase(), value)
}

function isOfSystem({ schemaname, relname }: Tree): boolean {
  const schema = text(schemaname)
  if (schema === null) return text(relname)?.startsWith('pg_') === true
  return schema === 'pg_catalog' || schema === 'information_schema' || schema.startsWith('pg_toast')
}

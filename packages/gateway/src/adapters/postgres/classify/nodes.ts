/** The parts of a node that the walker knows: every other field makes the statement unknown, so that new grammar fails closed. */
export type Fields = Readonly<Record<string, string | null>>

/** `a b:Kind` is field a, which holds values or wrapped nodes, and field b, which holds the fields of a Kind without its name. */
function fields(spec: string): Fields {
  return Object.fromEntries(spec.split(' ').filter(Boolean).map(splitField))
}

function splitField(field: string): [string, string | null] {
  const [name = '', kind = null] = field.split(':')
  return [name, kind]
}

const nodes = (specs: Readonly<Record<string, string>>) => new Map(Object.entries(specs).map(([kind, spec]) => [kind, fields(spec)]))

/**
 * Everything that may stand in a SELECT, INSERT, UPDATE, DELETE or MERGE, from PostgreSQL 18's grammar. `location` is allowed everywhere.
 * SelectStmt's intoClause and lockingClause, and every name of a function, operator or type, are judged by the walker.
 */
export const NODES: ReadonlyMap<string, Fields> = nodes({
  // statements
  SelectStmt:
    'distinctClause intoClause targetList fromClause whereClause groupClause groupDistinct havingClause windowClause valuesLists sortClause ' +
    'limitOffset limitCount limitOption lockingClause withClause:WithClause op all larg:SelectStmt rarg:SelectStmt',
  InsertStmt: 'relation:RangeVar cols selectStmt onConflictClause:OnConflictClause returningClause:ReturningClause withClause:WithClause override',
  UpdateStmt: 'relation:RangeVar targetList whereClause fromClause returningClause:ReturningClause withClause:WithClause',
  DeleteStmt: 'relation:RangeVar usingClause whereClause returningClause:ReturningClause withClause:WithClause',
  MergeStmt: 'relation:RangeVar sourceRelation joinCondition mergeWhenClauses returningClause:ReturningClause withClause:WithClause',
  // their clauses
  WithClause: 'ctes recursive',
  CommonTableExpr: 'ctename aliascolnames ctematerialized ctequery search_clause:CTESearchClause cycle_clause:CTECycleClause',
  CTESearchClause: 'search_col_list search_breadth_first search_seq_column',
  CTECycleClause: 'cycle_col_list cycle_mark_column cycle_mark_value cycle_mark_default cycle_path_column',
  OnConflictClause: 'action infer:InferClause targetList whereClause',
  InferClause: 'indexElems whereClause conname',
  IndexElem: 'name expr ordering nulls_ordering collation opclass',
  ReturningClause: 'options exprs',
  ReturningOption: 'option value',
  MergeWhenClause: 'matchKind commandType override condition targetList values',
  LockingClause: 'lockedRels strength waitPolicy',
  ResTarget: 'name indirection val',
  MultiAssignRef: 'source colno ncolumns',
  SortBy: 'node sortby_dir sortby_nulls useOp',
  WindowDef: 'name refname partitionClause orderClause frameOptions startOffset endOffset',
  GroupingSet: 'kind content',
  // FROM
  RangeVar: 'catalogname schemaname relname inh relpersistence alias:Alias',
  Alias: 'aliasname colnames',
  RangeSubselect: 'lateral subquery alias:Alias',
  RangeFunction: 'lateral ordinality is_rowsfrom functions alias:Alias coldeflist',
  RangeTableSample: 'relation method args repeatable',
  RangeTableFunc: 'lateral docexpr rowexpr namespaces columns alias:Alias',
  RangeTableFuncCol: 'colname typeName:TypeName for_ordinality is_not_null colexpr coldefexpr',
  JoinExpr: 'jointype isNatural larg rarg usingClause join_using_alias:Alias quals alias:Alias',
  ColumnDef: 'colname typeName:TypeName is_local collClause:CollateClause',
  List: 'items',
  // expressions
  A_Const: 'ival fval boolval sval bsval isnull',
  A_Star: '',
  String: 'sval',
  Integer: 'ival',
  ColumnRef: 'fields',
  ParamRef: 'number',
  A_Expr: 'kind name lexpr rexpr rexpr_list_start rexpr_list_end',
  BoolExpr: 'boolop args',
  NullTest: 'arg nulltesttype',
  BooleanTest: 'arg booltesttype',
  CaseExpr: 'arg args defresult',
  CaseWhen: 'expr result',
  CoalesceExpr: 'args',
  MinMaxExpr: 'op args',
  SubLink: 'subLinkType testexpr operName subselect',
  FuncCall: 'funcname args agg_order agg_filter over:WindowDef agg_within_group agg_star agg_distinct func_variadic funcformat',
  NamedArgExpr: 'arg name argnumber',
  TypeCast: 'arg typeName:TypeName',
  TypeName: 'names typmods typemod arrayBounds',
  CollateClause: 'arg collname',
  A_Indices: 'is_slice lidx uidx',
  A_Indirection: 'arg indirection',
  A_ArrayExpr: 'elements list_start list_end',
  RowExpr: 'args row_format',
  GroupingFunc: 'args',
  SQLValueFunction: 'op typmod',
  SetToDefault: '',
  CurrentOfExpr: 'cursor_name',
  MergeSupportFunc: 'msftype',
  XmlExpr: 'op name named_args arg_names args xmloption indent',
  XmlSerialize: 'xmloption expr typeName:TypeName indent',
  // SQL/JSON
  JsonTable: 'context_item:JsonValueExpr pathspec:JsonTablePathSpec passing columns on_error:JsonBehavior alias:Alias lateral',
  JsonTableColumn:
    'coltype name typeName:TypeName pathspec:JsonTablePathSpec format:JsonFormat wrapper quotes columns on_empty:JsonBehavior on_error:JsonBehavior',
  JsonTablePathSpec: 'string name name_location',
  JsonFuncExpr: 'op column_name context_item:JsonValueExpr pathspec passing output:JsonOutput on_empty:JsonBehavior on_error:JsonBehavior wrapper quotes',
  JsonValueExpr: 'raw_expr format:JsonFormat',
  JsonFormat: 'format_type encoding',
  JsonReturning: 'format:JsonFormat',
  JsonOutput: 'typeName:TypeName returning:JsonReturning',
  JsonArgument: 'val:JsonValueExpr name',
  JsonBehavior: 'btype expr',
  JsonKeyValue: 'key value:JsonValueExpr',
  JsonObjectConstructor: 'exprs output:JsonOutput absent_on_null unique',
  JsonArrayConstructor: 'exprs output:JsonOutput absent_on_null',
  JsonArrayQueryConstructor: 'query output:JsonOutput format:JsonFormat absent_on_null',
  JsonObjectAgg: 'constructor:JsonAggConstructor arg:JsonKeyValue absent_on_null unique',
  JsonArrayAgg: 'constructor:JsonAggConstructor arg:JsonValueExpr absent_on_null',
  JsonAggConstructor: 'output:JsonOutput agg_filter agg_order over:WindowDef',
  JsonIsPredicate: 'expr format:JsonFormat item_type unique_keys',
  JsonParseExpr: 'expr:JsonValueExpr output:JsonOutput unique_keys',
  JsonScalarExpr: 'expr output:JsonOutput',
  JsonSerializeExpr: 'expr:JsonValueExpr output:JsonOutput',
})

import { SQL_TYPES, type SqlType } from '@countersign/core/action'

// The specification, shown to people in docs/sql-types.md: a test holds the two together.

/**
 * The type of every statement node of PostgreSQL 18's grammar. A node that is missing is `sql:unknown`. `judge.ts` may only make it wider
 * (by what the statement holds), except where the node alone says too little: those are marked "by content".
 */
export const STATEMENTS: Readonly<Record<string, SqlType>> = {
  // by content: what they run, name or copy
  CopyStmt: 'sql:admin',
  DeclareCursorStmt: 'sql:session',
  DiscardStmt: 'sql:admin',
  ExecuteStmt: 'sql:unknown',
  ExplainStmt: 'sql:read',
  FetchStmt: 'sql:unknown',
  PrepareStmt: 'sql:session',
  TransactionStmt: 'sql:session',
  VariableSetStmt: 'sql:admin',

  ClosePortalStmt: 'sql:session',
  ConstraintsSetStmt: 'sql:session',
  DeallocateStmt: 'sql:session',
  ListenStmt: 'sql:session',
  UnlistenStmt: 'sql:session',
  VariableShowStmt: 'sql:session',

  SelectStmt: 'sql:read',

  DeleteStmt: 'sql:write',
  InsertStmt: 'sql:write',
  LockStmt: 'sql:write',
  MergeStmt: 'sql:write',
  NotifyStmt: 'sql:write',
  TruncateStmt: 'sql:write',
  UpdateStmt: 'sql:write',

  AlterCollationStmt: 'sql:ddl',
  AlterDomainStmt: 'sql:ddl',
  AlterEnumStmt: 'sql:ddl',
  AlterFunctionStmt: 'sql:ddl',
  AlterObjectDependsStmt: 'sql:ddl',
  AlterObjectSchemaStmt: 'sql:ddl',
  AlterOpFamilyStmt: 'sql:ddl',
  AlterOperatorStmt: 'sql:ddl',
  AlterSeqStmt: 'sql:ddl',
  AlterStatsStmt: 'sql:ddl',
  AlterTSConfigurationStmt: 'sql:ddl',
  AlterTSDictionaryStmt: 'sql:ddl',
  AlterTableStmt: 'sql:ddl',
  AlterTypeStmt: 'sql:ddl',
  ClusterStmt: 'sql:ddl',
  CommentStmt: 'sql:ddl',
  CompositeTypeStmt: 'sql:ddl',
  CreateCastStmt: 'sql:ddl',
  CreateConversionStmt: 'sql:ddl',
  CreateDomainStmt: 'sql:ddl',
  CreateEnumStmt: 'sql:ddl',
  CreateForeignTableStmt: 'sql:ddl',
  CreateFunctionStmt: 'sql:ddl',
  CreateOpClassStmt: 'sql:ddl',
  CreateOpFamilyStmt: 'sql:ddl',
  CreateRangeStmt: 'sql:ddl',
  CreateSchemaStmt: 'sql:ddl',
  CreateSeqStmt: 'sql:ddl',
  CreateStatsStmt: 'sql:ddl',
  CreateStmt: 'sql:ddl',
  CreateTableAsStmt: 'sql:ddl',
  CreateTrigStmt: 'sql:ddl',
  DefineStmt: 'sql:ddl',
  DropStmt: 'sql:ddl',
  IndexStmt: 'sql:ddl',
  RefreshMatViewStmt: 'sql:ddl',
  ReindexStmt: 'sql:ddl',
  RenameStmt: 'sql:ddl',
  RuleStmt: 'sql:ddl',
  VacuumStmt: 'sql:ddl',
  ViewStmt: 'sql:ddl',

  AlterDatabaseRefreshCollStmt: 'sql:admin',
  AlterDatabaseSetStmt: 'sql:admin',
  AlterDatabaseStmt: 'sql:admin',
  AlterDefaultPrivilegesStmt: 'sql:admin',
  AlterEventTrigStmt: 'sql:admin',
  AlterExtensionContentsStmt: 'sql:admin',
  AlterExtensionStmt: 'sql:admin',
  AlterFdwStmt: 'sql:admin',
  AlterForeignServerStmt: 'sql:admin',
  AlterOwnerStmt: 'sql:admin',
  AlterPolicyStmt: 'sql:admin',
  AlterPublicationStmt: 'sql:admin',
  AlterRoleSetStmt: 'sql:admin',
  AlterRoleStmt: 'sql:admin',
  AlterSubscriptionStmt: 'sql:admin',
  AlterSystemStmt: 'sql:admin',
  AlterTableMoveAllStmt: 'sql:admin',
  AlterTableSpaceOptionsStmt: 'sql:admin',
  AlterUserMappingStmt: 'sql:admin',
  CheckPointStmt: 'sql:admin',
  CreateAmStmt: 'sql:admin',
  CreateEventTrigStmt: 'sql:admin',
  CreateExtensionStmt: 'sql:admin',
  CreateFdwStmt: 'sql:admin',
  CreateForeignServerStmt: 'sql:admin',
  CreatePLangStmt: 'sql:admin',
  CreatePolicyStmt: 'sql:admin',
  CreatePublicationStmt: 'sql:admin',
  CreateRoleStmt: 'sql:admin',
  CreateSubscriptionStmt: 'sql:admin',
  CreateTableSpaceStmt: 'sql:admin',
  CreateTransformStmt: 'sql:admin',
  CreateUserMappingStmt: 'sql:admin',
  CreatedbStmt: 'sql:admin',
  DropOwnedStmt: 'sql:admin',
  DropRoleStmt: 'sql:admin',
  DropSubscriptionStmt: 'sql:admin',
  DropTableSpaceStmt: 'sql:admin',
  DropUserMappingStmt: 'sql:admin',
  DropdbStmt: 'sql:admin',
  GrantRoleStmt: 'sql:admin',
  GrantStmt: 'sql:admin',
  ImportForeignSchemaStmt: 'sql:admin',
  LoadStmt: 'sql:admin',
  ReassignOwnedStmt: 'sql:admin',
  SecLabelStmt: 'sql:admin',

  // code that this gateway cannot read
  CallStmt: 'sql:unknown',
  DoStmt: 'sql:unknown',
}

/** Parts of other statements, not statements: their names only end the same. */
export const NOT_STATEMENTS: readonly string[] = ['PLAssignStmt', 'RawStmt', 'ReplicaIdentityStmt', 'ReturnStmt', 'SetOperationStmt']

/** Objects whose DROP, RENAME or SET SCHEMA is `sql:admin`, as creating them is. */
export const ADMIN_OBJECTS: ReadonlySet<string> = new Set([
  'OBJECT_ACCESS_METHOD',
  'OBJECT_DATABASE',
  'OBJECT_EVENT_TRIGGER',
  'OBJECT_EXTENSION',
  'OBJECT_FDW',
  'OBJECT_FOREIGN_SERVER',
  'OBJECT_LANGUAGE',
  'OBJECT_POLICY',
  'OBJECT_PUBLICATION',
  'OBJECT_ROLE',
  'OBJECT_SUBSCRIPTION',
  'OBJECT_TABLESPACE',
  'OBJECT_TRANSFORM',
  'OBJECT_USER_MAPPING',
])

/** Commands of ALTER TABLE that change who owns or may see the rows, where they lie, or whether triggers guard them. */
export const ADMIN_ALTERS: ReadonlySet<string> = new Set([
  'AT_ChangeOwner',
  'AT_DisableRowSecurity',
  'AT_DisableRule',
  'AT_DisableTrig',
  'AT_DisableTrigAll',
  'AT_DisableTrigUser',
  'AT_EnableAlwaysRule',
  'AT_EnableAlwaysTrig',
  'AT_EnableReplicaRule',
  'AT_EnableReplicaTrig',
  'AT_EnableRowSecurity',
  'AT_ForceRowSecurity',
  'AT_NoForceRowSecurity',
  'AT_SetTableSpace',
])

/** The type of a statement node by its name. */
export function typeOfNode(kind: string): SqlType {
  return (Object.hasOwn(STATEMENTS, kind) ? STATEMENTS[kind] : undefined) ?? 'sql:unknown'
}

/** The widest of some types, in the order session, read, write, ddl, admin, unknown; `sql:session` of none. */
export function widest(types: Iterable<SqlType>): SqlType {
  return [...types].reduce((a, b) => (SQL_TYPES.indexOf(a) >= SQL_TYPES.indexOf(b) ? a : b), 'sql:session')
}

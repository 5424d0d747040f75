import type { Classified, ClassifiedStatement } from '../classify.ts'
import type { Fencing } from './fencing.ts'

/** What the session's role is given while one message runs. */
export interface Rights {
  /** Their rights, without becoming them. */
  readonly roles: readonly string[]
  /** The role to run as. */
  readonly owner: string | null
}

export const NO_RIGHTS: Rights = { roles: [], owner: null }

export const isNothing = ({ roles, owner }: Rights) => roles.length === 0 && owner === null

export const together = (one: Rights, other: Rights): Rights => ({
  roles: [...new Set([...one.roles, ...other.roles])],
  owner: one.owner ?? other.owner,
})

/**
 * What a message needs besides what stands. `used` is what its transaction has had so far: whatever ends a transaction, or says
 * SET CONSTRAINTS, runs the deferred triggers of what ran before.
 */
export function rightsFor({ statements }: Classified, fencing: Fencing, standing: ReadonlySet<string>, used: Rights): Rights {
  const needed = statements.reduce<Rights>((all, statement) => together(all, rightsOf(statement, fencing, used)), NO_RIGHTS)
  return { roles: needed.roles.filter((role) => !standing.has(role)), owner: needed.owner }
}

function rightsOf(statement: ClassifiedStatement, fencing: Fencing, used: Rights): Rights {
  if (firesTriggers(statement)) return { roles: used.roles, owner: null }
  if (statement.type === 'sql:session' || prepares(statement)) return NO_RIGHTS
  const owner = statement.type === 'sql:ddl' && !isTemporary(statement) ? fencing.owner : null
  return { roles: fencing.rolesFor(statement.type), owner }
}

const firesTriggers = ({ transaction, kind }: ClassifiedStatement) => transaction === 'commit' || transaction === 'prepare' || kind === 'ConstraintsSetStmt'

/** Nothing runs yet, and what is prepared is looked at again when it does. */
const prepares = ({ defines }: ClassifiedStatement) => defines?.object === 'statement'

/** A temporary table is for its session alone: owned by anybody else it would be lost to it. */
const isTemporary = ({ text }: ClassifiedStatement) => /^(\s|--[^\n]*\n|\/\*.*?\*\/)*create\s+((local|global)\s+)?temp(orary)?\s/is.test(text)

/** What the target would let somebody keep, or take up again, after the rights are gone: said to the client, null where nothing stands against it. */
export function objection(classified: Classified, fencing: Fencing, standing: ReadonlySet<string>): Objection | null {
  const { statements } = classified
  if (statements.some(changesRole)) return OWN_ROLE
  if (isNothing(rightsFor(classified, fencing, standing, NO_RIGHTS))) return null
  if (statements.some(({ defines }) => defines?.object === 'cursor')) return CURSOR
  if (statements.length === 1) return null
  if (statements.some(prepares)) return PREPARED
  if (statements.some(({ transaction }) => transaction === 'savepoint' || transaction === 'rollback-to')) return SAVEPOINT
  return leavesOpen(statements) ? TRANSACTION : null
}

export interface Objection {
  readonly message: string
  readonly hint: string
}

const RIGHTS = 'the rights that it needs exist only while a statement runs'

const OWN_ROLE: Objection = {
  message: 'a session with an account of its own keeps its role: SET ROLE and SET SESSION AUTHORIZATION are not allowed here',
  hint: 'Leave it out: what a statement needs is granted while it runs.',
}
const CURSOR: Objection = { message: `a cursor would be read on after its rights are gone: ${RIGHTS}`, hint: 'Run its query itself, without DECLARE.' }
const PREPARED: Objection = { message: `PREPARE beside other statements is not allowed here: ${RIGHTS}`, hint: 'Send PREPARE by itself.' }
const SAVEPOINT: Objection = {
  message: `SAVEPOINT and ROLLBACK TO beside other statements are not allowed here: ${RIGHTS}`,
  hint: 'Send each of them by itself.',
}
const TRANSACTION: Objection = { message: `this message would leave a transaction open: ${RIGHTS}`, hint: 'Send BEGIN by itself, before.' }

/** Of whatever a function may do to it the fence finds out when the statement is over. */
const changesRole = ({ setting, text }: ClassifiedStatement) =>
  setting?.name === 'role' || setting?.name === 'session_authorization' || /\bset_config\b.*'\s*(role|session_authorization)\s*'/is.test(text)

/** What a transaction was begun with comes back when it is rolled back, also the role to run as. */
function leavesOpen(statements: readonly ClassifiedStatement[]): boolean {
  const last = statements.findLast(({ transaction }) => transaction === 'begin' || transaction === 'commit' || transaction === 'rollback')
  return last?.transaction === 'begin'
}

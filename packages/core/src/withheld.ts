import type { Action, Parameter, Statement } from './action.ts'

/** What stands where something is not shown. */
export const WITHHELD = '(withheld)'

type Stateless = Omit<Action, 'state'>

/**
 * An action as it is recorded, kept and shown: without the passwords in its text, and without the values of its parameters where policy says that they are secret.
 * The same object where it has none of both. Nothing is left of them, no digest either.
 */
export function withheld(action: Action, hidesValues: boolean): Action
export function withheld(action: Stateless, hidesValues: boolean): Stateless
export function withheld(action: Stateless, hidesValues: boolean): Stateless {
  if (!hides(action, hidesValues)) return action
  const { secrets = [], ...rest } = action
  const parameters = hidesValues ? rest.parameters.map(withoutValue) : rest.parameters
  const statements = rest.statements.map((statement) => shown(statement, secrets, hidesValues))
  return { ...rest, text: without(rest.text, secrets), parameters, statements }
}

/** True for what `withheld` would change. */
export const hides = ({ secrets, parameters, statements }: Stateless, hidesValues: boolean): boolean =>
  secrets !== undefined || (hidesValues && (parameters.length > 0 || statements.some(({ part }) => part !== undefined && part.parameters.length > 0)))

function shown(statement: Statement, secrets: readonly string[], hidesValues: boolean): Statement {
  const { type, facts, part } = statement
  return {
    type,
    facts,
    get fingerprint() {
      return secrets.length > 0 ? null : statement.fingerprint // only when a review asks for it
    },
    ...(part ? { part: { ...part, text: without(part.text, secrets), parameters: hidesValues ? part.parameters.map(withoutValue) : part.parameters } } : {}),
  }
}

/** A quoted one stays quoted, so that what is shown reads as what it is. */
const without = (text: string, secrets: readonly string[]) =>
  secrets.reduce((left, secret) => left.replaceAll(secret, () => (secret.startsWith("'") ? `'${WITHHELD}'` : WITHHELD)), text)

const withoutValue = ({ format, type }: Parameter): Parameter => ({ value: null, format, type, withheld: true })

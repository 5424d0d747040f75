import type { Beside } from '../beside.ts'
import { textValue } from '../impact/values.ts'
import { literal, quoted } from '../quoted.ts'
import type { Admin } from './admin.ts'
import { grantToSelf } from './membership.ts'

/** The names that the keeper invents. Whatever a record says, no other role is touched. */
const OURS = /^cs_[0-9a-z]{1,32}_[0-9a-f]{12}$/

/** How long a process of the target may take to end when it is told to. */
const END_MS = 5_000

const IS_OF_ROLE = (name: string) => `usesysid = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = ${literal(name)})`

const PREPARED_BY = 'SELECT gid, database FROM pg_catalog.pg_prepared_xacts WHERE owner = $1'

/** The databases in which something belongs or is granted to a role; what is of no database counts to the one that is asked. */
const LEFT_IN = `SELECT DISTINCT coalesce(d.datname, pg_catalog.current_database())
  FROM pg_catalog.pg_shdepend s LEFT JOIN pg_catalog.pg_database d ON d.oid = s.dbid
  WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND s.refobjid = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1)`

/**
 * Nobody logs in with it any more, who has is gone, what it prepared is rolled back, what it owns belongs to the configured owner, and then there is no such role. Each
 * step can be repeated. Rejects with what stands in the way.
 */
export async function removeAccount(admin: Admin, name: string): Promise<void> {
  if (!OURS.test(name)) throw new Error(`${JSON.stringify(name)} is not the name of an account of this gateway, so it is left alone`)
  if (!(await admin.run((beside) => lock(beside, name)))) return
  await admin.run((beside) => endProcesses(beside, name))
  await endPrepared(admin, name)
  const databases = await admin.run((beside) => beside.ask(LEFT_IN, [textValue(name)]))
  for (const [database] of databases) await admin.run((beside) => beside.run(handingOver(name, admin.target.accounts?.owner ?? null)), database ?? undefined)
  await admin.run((beside) => beside.run([`DROP ROLE IF EXISTS ${quoted(name)}`]))
}

/** False when it is not there. Committed before anything else, or somebody could log in behind us. */
async function lock(beside: Beside, name: string): Promise<boolean> {
  const found = await beside.ask('SELECT FROM pg_catalog.pg_roles WHERE rolname = $1', [textValue(name)])
  if (found.length === 0) return false
  // Ending its processes and handing over what it owns take its rights.
  await beside.run([`ALTER ROLE ${quoted(name)} NOLOGIN PASSWORD NULL`, grantToSelf(name, beside.version)])
  return true
}

async function endProcesses(beside: Beside, name: string): Promise<void> {
  await beside.ask(`SELECT pg_catalog.pg_terminate_backend(pid, ${END_MS}) FROM pg_catalog.pg_stat_activity WHERE ${IS_OF_ROLE(name)}`)
  const left = await beside.ask(`SELECT pid FROM pg_catalog.pg_stat_activity WHERE ${IS_OF_ROLE(name)}`)
  if (left.length > 0) throw new Error(`process ${left.flat().join(', ')} of the target still runs as ${name}`)
}

/** A prepared transaction outlives its session, with its locks, and only its own role or a superuser can end it: nobody could once the role is gone. */
async function endPrepared(admin: Admin, name: string): Promise<void> {
  const prepared = await admin.run((beside) => beside.ask(PREPARED_BY, [textValue(name)]))
  for (const [gid, database] of prepared)
    await admin.run(async (beside) => {
      // One by one, because the last but one may not run in a pipeline.
      for (const text of [`SET ROLE ${quoted(name)}`, `ROLLBACK PREPARED ${literal(gid ?? '')}`, 'RESET ROLE']) await beside.ask(text)
    }, database ?? undefined)
}

/** What it owns is nobody's loss: it goes to the owner. What was granted to it goes with it. */
export function handingOver(name: string, owner: string | null): readonly string[] {
  return [`REASSIGN OWNED BY ${quoted(name)} TO ${owner === null ? 'CURRENT_USER' : quoted(owner)}`, `DROP OWNED BY ${quoted(name)}`]
}

import { spawn } from 'node:child_process'
import { CliError, systemCode } from './error.ts'
import { follow } from './gateway.ts'

/** What a connection is for; policy may ask for either. */
export interface Purpose {
  readonly reason?: string | undefined
  readonly ticket?: string | undefined
}

/** Where and as whom a PostgreSQL client connects through the gateway. */
export interface PostgresTarget {
  readonly host: string
  readonly port: number
  readonly user: string
  /** The resource's name. */
  readonly database: string
  readonly token: string
  readonly purpose: Purpose
  /** The gateway's certificate in PEM, the only one to trust; null on loopback, where the token may go in clear. */
  readonly certificate: string | null
}

/** What a user may bring from his own environment; any other PG* variable (PGSERVICE, PGHOSTADDR) could send the token elsewhere. */
const KEPT = ['PGAPPNAME', 'PGCLIENTENCODING', 'PGDATESTYLE', 'PGTZ', 'PGOPTIONS']

/** The environment of a libpq client. The token goes here and never into arguments, which `ps` shows to everybody. */
export function libpqEnvironment(own: NodeJS.ProcessEnv, target: PostgresTarget, certificateFile: string | null): NodeJS.ProcessEnv {
  const kept = Object.entries(own).filter(([name]) => !name.startsWith('PG') || KEPT.includes(name))
  const options = optionsFor(own['PGOPTIONS'], target.purpose)
  return {
    ...Object.fromEntries(kept),
    PGHOST: target.host,
    PGPORT: String(target.port),
    PGUSER: target.user,
    PGDATABASE: target.database,
    PGPASSWORD: target.token,
    ...(certificateFile === null ? { PGSSLMODE: 'prefer' } : { PGSSLMODE: 'verify-full', PGSSLROOTCERT: certificateFile }),
    ...(options === undefined ? {} : { PGOPTIONS: options }),
  }
}

/** `-c countersign.reason=…` and the like after what was there; white space and backslashes are escaped (libpq, "options" parameter). */
export function optionsFor(before: string | undefined, { reason, ticket }: Purpose): string | undefined {
  const said = Object.entries({ reason, ticket }).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const options = said.map(([name, value]) => `-c countersign.${name}=${value.replace(/[\s\\]/g, (character) => `\\${character}`)}`)
  const all = [...(before ? [before] : []), ...options].join(' ')
  return all === '' ? undefined : all
}

/** Runs psql in this terminal and gives its exit code. */
export async function runPsql(environment: NodeJS.ProcessEnv, args: readonly string[]): Promise<number> {
  try {
    return await follow(spawn('psql', args, { stdio: 'inherit', env: environment }))
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
    throw new CliError(
      'failed',
      'psql is not installed',
      'get it with `apt install postgresql-client` (Debian, Ubuntu) or `brew install libpq` (macOS), or run one statement with `countersign exec`',
      { cause: error },
    )
  }
}

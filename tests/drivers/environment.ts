import type { Workplace } from './work.ts'

/** What libpq's programs read of where to connect. */
export function environment({ host, port, user, token, database, certificate }: Workplace): NodeJS.ProcessEnv {
  const tls = certificate === null ? { PGSSLMODE: 'disable' } : { PGSSLMODE: 'verify-full', PGSSLROOTCERT: certificate }
  return { ...process.env, PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: token, PGDATABASE: database, ...tls }
}

import { isThere, type ProgramName, PROGRAMS } from '../../scripts/programs.ts'

/**
 * True when a program that these tests need is not here, for `describe.skipIf(lacks('psql'))`. Says so on stderr; with
 * `CI=true` it throws instead, because there a missing server is a failure and not a skip.
 */
export function lacks(name: ProgramName): boolean {
  if (isThere(name)) return false
  const message = `${name} is missing (Debian package ${PROGRAMS[name].package}): ${PROGRAMS[name].why}`
  if (process.env['CI'] === 'true') throw new Error(`${message}. With CI=true that is a failure`)
  process.stderr.write(`skipped: ${message}\n`)
  return true
}

import { spawnSync } from 'node:child_process'

/** A program that npm cannot bring, the Debian package that does, and what it is wanted for. */
export interface Program {
  readonly package: string
  readonly wantedBy: 'tests' | 'bench'
  readonly why: string
}

export const PROGRAMS = {
  psql: { package: 'postgresql-client', wantedBy: 'tests', why: 'the client that people have, driven end to end' },
  pgbench: { package: 'postgresql', wantedBy: 'tests', why: 'simple, extended and prepared queries, many at once' },
  pgbouncer: { package: 'pgbouncer', wantedBy: 'bench', why: 'the relay that the gateway is measured against' },
} as const satisfies Record<string, Program>

export type ProgramName = keyof typeof PROGRAMS

/** True when the program is there and runs. Debian's wrappers in /usr/bin are there without the program that they wrap, so it is asked its version. */
export function isThere(name: ProgramName): boolean {
  return spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0
}

/** The programs that are wanted and are not there. */
export function missingPrograms(wantedBy: readonly Program['wantedBy'][]): readonly ProgramName[] {
  return (Object.keys(PROGRAMS) as ProgramName[]).filter((name) => wantedBy.includes(PROGRAMS[name].wantedBy) && !isThere(name))
}

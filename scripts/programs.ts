import { spawnSync } from 'node:child_process'

/** A program that npm cannot bring, the Debian package that does, and what it is wanted for. */
export interface Program {
  readonly package: string
  readonly wantedBy: 'tests' | 'bench'
  readonly why: string
  /** How to find out whether it is there; its name and `--version` where nothing is said. */
  readonly ask?: readonly [command: string, ...args: string[]]
}

/** Where Debian puts the JDBC driver. */
export const JDBC_JAR = '/usr/share/java/postgresql.jar'

export const PROGRAMS = {
  psql: { package: 'postgresql-client', wantedBy: 'tests', why: 'the client that people have, driven end to end' },
  pgbench: { package: 'postgresql', wantedBy: 'tests', why: 'simple, extended and prepared queries, many at once' },
  psycopg2: { package: 'python3-psycopg2', wantedBy: 'tests', why: "Python's usual driver", ask: ['/usr/bin/python3', '-c', 'import psycopg2'] },
  psycopg3: {
    package: 'python3-psycopg',
    wantedBy: 'tests',
    why: "Python's new driver: binary values, pipelines",
    ask: ['/usr/bin/python3', '-c', 'import psycopg'],
  },
  python3: { package: 'python3', wantedBy: 'tests', why: 'runs the second verifier of the ledger', ask: ['/usr/bin/python3', '--version'] },
  java: { package: 'default-jdk-headless', wantedBy: 'tests', why: 'runs the JDBC driver from its source file', ask: ['javac', '--version'] },
  jdbc: { package: 'libpostgresql-jdbc-java', wantedBy: 'tests', why: 'the driver of DBeaver and of everything in Java', ask: ['test', '-f', JDBC_JAR] },
  rsyslogd: { package: 'rsyslog', wantedBy: 'tests', why: 'the syslog server that most hosts have', ask: ['rsyslogd', '-v'] },
  'rsyslog-openssl': {
    package: 'rsyslog-openssl',
    wantedBy: 'tests',
    why: 'its TLS',
    ask: ['sh', '-c', 'test -f /usr/lib/*/rsyslog/lmnsd_ossl.so'],
  },
  age: { package: 'age', wantedBy: 'tests', why: 'opens recordings, as an auditor would' },
  zstd: { package: 'zstd', wantedBy: 'tests', why: 'unpacks them' },
  chromium: { package: 'chromium', wantedBy: 'tests', why: 'a real browser, driven through the console' },
  pgbouncer: { package: 'pgbouncer', wantedBy: 'bench', why: 'the relay that the gateway is measured against' },
  haproxy: { package: 'haproxy', wantedBy: 'bench', why: 'another, that looks at nothing', ask: ['haproxy', '-v'] },
} as const satisfies Record<string, Program>

export type ProgramName = keyof typeof PROGRAMS

/** True when the program is there and runs. Debian's wrappers in /usr/bin are there without the program that they wrap, so it is asked its version. */
export function isThere(name: ProgramName): boolean {
  const program: Program = PROGRAMS[name]
  const [command, ...args] = program.ask ?? [name, '--version']
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

/** The programs that are wanted and are not there. */
export function missingPrograms(wantedBy: readonly Program['wantedBy'][]): readonly ProgramName[] {
  return (Object.keys(PROGRAMS) as ProgramName[]).filter((name) => wantedBy.includes(PROGRAMS[name].wantedBy) && !isThere(name))
}

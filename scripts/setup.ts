import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { buildConsole } from './console.ts'
import { missingPrograms, type ProgramName, PROGRAMS, type Program } from './programs.ts'

/** Debian asks this before it starts a service that was just installed; 101 is "do not". */
const SERVICE_POLICY = '/usr/sbin/policy-rc.d'
/** Read when Debian's PostgreSQL is installed, which would otherwise make a cluster that starts with the machine. */
const CLUSTER_POLICY = '/etc/postgresql-common/createcluster.d/countersign.conf'

/**
 * Brings what npm cannot, from Debian's packages, and says so. Where it cannot (not root, another system) it says what
 * is missing and who needs it. Nothing that it installs is started. Returns what is still missing.
 */
export function setUp(wantedBy: readonly Program['wantedBy'][]): readonly ProgramName[] {
  const missing = missingPrograms(wantedBy)
  if (missing.length === 0) return []
  for (const name of missing) console.log(`missing: ${name} (Debian package ${PROGRAMS[name].package}), ${PROGRAMS[name].why}`)
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) {
    console.log(`Only root on Debian can install them: apt-get install ${packagesOf(missing).join(' ')}.`)
    return missing
  }
  withoutStartingServices(() => install(packagesOf(missing)))
  return missingPrograms(wantedBy)
}

const packagesOf = (names: readonly ProgramName[]): readonly string[] => [...new Set(names.map((name) => PROGRAMS[name].package))]

function install(packages: readonly string[]): void {
  console.log(`installing from Debian: ${packages.join(' ')}`)
  if (!apt(['update'])) console.log('apt-get update failed; trying with the lists that are here')
  if (!apt(['install', '--yes', '--no-install-recommends', ...packages])) console.log(`apt-get could not install ${packages.join(' ')}; its words are above`)
}

function apt(args: readonly string[]): boolean {
  return (
    spawnSync('apt-get', ['-qq', ...args], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }).status === 0
  )
}

/** Puts two files in place for the time of `work`, and what was there before back afterwards. */
function withoutStartingServices(work: () => void): void {
  const restore = [replaceFile(SERVICE_POLICY, '#!/bin/sh\nexit 101\n'), replaceFile(CLUSTER_POLICY, 'create_main_cluster = false\n')]
  try {
    work()
  } finally {
    for (const undo of restore) undo()
  }
}

function replaceFile(path: string, text: string): () => void {
  const aside = `${path}.before-countersign`
  const had = existsSync(path)
  mkdirSync(dirname(path), { recursive: true })
  if (had) renameSync(path, aside)
  writeFileSync(path, text, { mode: 0o755 })
  return () => {
    rmSync(path, { force: true })
    if (had) renameSync(aside, path)
  }
}

if (import.meta.main) {
  buildConsole()
  process.exitCode = setUp(['tests', 'bench']).length > 0 ? 1 : 0
}

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Builds the web console into packages/console/dist, where the gateway finds it, when what it is made of has changed since. */
const ROOT = join(import.meta.dirname, '..')
const PACKAGE = join(ROOT, 'packages/console')
const DIST = join(PACKAGE, 'dist')
/** In dist: the digest of what it was made of. */
const MADE_OF = 'made-of.txt'
const SOURCES = ['packages/console/src', 'packages/console/public', 'packages/console/index.html', 'packages/console/vite.config.ts', 'packages/contract/src']

/** Throws when it cannot be built. A build beside another, or one that fails, leaves no half of a console. */
export function buildConsole(): void {
  const madeOf = digestOf([...SOURCES, 'package-lock.json'])
  if (existsSync(join(DIST, MADE_OF)) && readFileSync(join(DIST, MADE_OF), 'utf8') === madeOf) return
  const fresh = join(ROOT, '.tmp', `console-${process.pid}`)
  const args = ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn', '--outDir', fresh, '--emptyOutDir', PACKAGE]
  // On stderr: what `npm pack --json` prints must stay JSON.
  const built = spawnSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 2, 2], env: { ...process.env, NODE_ENV: 'production' } })
  if (built.status !== 0) {
    rmSync(fresh, { recursive: true, force: true })
    throw new Error('the web console could not be built; the words of vite are above')
  }
  writeFileSync(join(fresh, MADE_OF), madeOf)
  rmSync(DIST, { recursive: true, force: true })
  renameSync(fresh, DIST)
}

function digestOf(paths: readonly string[]): string {
  const hash = createHash('sha256')
  for (const path of paths.flatMap(filesIn)) hash.update(`${path}\n`).update(readFileSync(join(ROOT, path)))
  return hash.digest('hex')
}

function filesIn(path: string): readonly string[] {
  if (statSync(join(ROOT, path)).isFile()) return [path]
  const entries = readdirSync(join(ROOT, path), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
    .toSorted()
}

if (import.meta.main) buildConsole()

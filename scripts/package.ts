import { spawnSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { buildConsole } from './console.ts'

/** Makes packages/cli ready to be packed (`prepack`), and takes away again what was only put there for it (`postpack`, with `--clean`). */
const ROOT = join(import.meta.dirname, '..')
const PACKAGE = join(ROOT, 'packages/cli')
/** npm takes these from the package's own folder only. */
const PAPERS = ['README.md', 'LICENSE']

if (process.argv.includes('--clean')) {
  for (const name of PAPERS) rmSync(join(PACKAGE, name), { force: true })
} else {
  buildConsole()
  // On stderr: what `npm pack --json` prints must stay JSON.
  const built = spawnSync(join(ROOT, 'node_modules/.bin/tsdown'), ['--logLevel', 'warn'], { cwd: PACKAGE, stdio: ['ignore', 2, 2] })
  if (built.status !== 0) process.exit(built.status ?? 1)
  for (const name of PAPERS) cpSync(join(ROOT, name), join(PACKAGE, name))
}

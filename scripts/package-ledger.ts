import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/*
 * `node scripts/package-ledger.ts DIR` makes of packages/ledger, in DIR, a package that can be published by itself: JavaScript and
 * declarations, because Node does not strip types under node_modules, and a package.json that exports those. In the workspace the sources
 * are exported, which is why this is another folder and not that one.
 */
const ROOT = join(import.meta.dirname, '..')
const PACKAGE = join(ROOT, 'packages/ledger')
const [target] = process.argv.slice(2)
if (target === undefined) throw new Error('usage: node scripts/package-ledger.ts DIR')
const out = resolve(target)

const built = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', join(PACKAGE, 'tsconfig.build.json'), '--outDir', join(out, 'dist')], {
  stdio: ['ignore', 2, 2],
})
if (built.status !== 0) process.exit(built.status ?? 1)
mkdirSync(out, { recursive: true })
const { private: _, ...manifest } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'))
const published = {
  ...manifest,
  files: ['dist'],
  exports: { './*': { types: './dist/*.d.ts', default: './dist/*.js' }, './package.json': './package.json' },
}
writeFileSync(join(out, 'package.json'), `${JSON.stringify(published, null, 2)}\n`)
cpSync(join(PACKAGE, 'README.md'), join(out, 'README.md'))
cpSync(join(ROOT, 'LICENSE'), join(out, 'LICENSE'))

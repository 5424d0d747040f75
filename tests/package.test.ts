import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'

const ROOT = join(import.meta.dirname, '..')
const manifest = z.object({
  name: z.string(),
  version: z.string(),
  dependencies: z.record(z.string(), z.string()),
  engines: z.record(z.string(), z.string()).optional(),
})
const manifestOf = (path: string) => manifest.parse(JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')))

/** A machine that has Node and npm and has never seen this workspace: nothing of its settings or of its PATH. */
const elsewhere: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_OPTIONS$|^NODE_ENV$|^VITEST|^INIT_CWD$/i.test(name))),
  PATH: [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
}

describe('the package that is published', () => {
  const home = mkdtempSync(join(tmpdir(), 'countersign-package-'))
  const installed = join(home, 'empty/node_modules/countersign')
  const run = async (command: string, args: readonly string[], cwd = ROOT, env = process.env): Promise<string> =>
    (await promisify(execFile)(command, args, { cwd, env, encoding: 'utf8', timeout: 200_000, maxBuffer: 16 * 1024 * 1024 })).stdout
  const runThere = (command: string, ...args: readonly string[]) => run(command, args, join(home, 'empty'), elsewhere)
  let tarball = ''

  beforeAll(async () => {
    const packed = await run('npm', ['pack', '--json', '-w', 'countersign', '--pack-destination', home])
    // npm prints the names of the scripts that it runs before the JSON.
    const [entry] = z.array(z.object({ filename: z.string() })).parse(JSON.parse(packed.slice(packed.search(/^\[/m))))
    tarball = join(home, entry?.filename ?? 'none')
    mkdirSync(join(home, 'empty'))
    await runThere('npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', tarball)
  }, 300_000)

  afterAll(() => rmSync(home, { recursive: true, force: true }))

  test('is clean in the eyes of publint and of attw', async () => {
    const bin = (name: string) => join(ROOT, 'node_modules/.bin', name)
    expect(await run(bin('publint'), ['--strict', tarball])).toContain('All good')
    await expect(run(bin('attw'), [tarball])).resolves.toContain('does not contain types')
  })

  test('carries JavaScript, its papers, and nothing else', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter((path) => !path.startsWith('node_modules'))
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'bin/countersign.js', 'dist/main.js', 'dist/gateway.js', 'dist/sqlite-worker.js']))
    expect(files.filter((path) => path.endsWith('.ts'))).toEqual([])
  })

  test('asks npm for everything that it imports, in the versions that the workspace has', () => {
    const { dependencies } = manifestOf(installed)
    const built = readdirSync(join(installed, 'dist')).filter((name) => name.endsWith('.js'))
    const imported = built.flatMap((name) =>
      [...readFileSync(join(installed, 'dist', name), 'utf8').matchAll(/^import (?:[^'"]* from )?["']([^."'][^"']*)["']/gm)].map((match) => match[1] ?? ''),
    )
    const names = new Set(
      imported
        .filter((name) => !isBuiltin(name))
        .map((name) =>
          name
            .split('/')
            .slice(0, name.startsWith('@') ? 2 : 1)
            .join('/'),
        ),
    )
    expect([...names].filter((name) => !(name in dependencies))).toEqual([])
    expect(names.size).toBeGreaterThan(5)
    const wanted = Object.entries(manifestOf(join(ROOT, 'packages/gateway')).dependencies).filter(([name]) => !name.startsWith('@countersign/'))
    expect(dependencies).toMatchObject(Object.fromEntries(wanted))
  })

  test('runs where there is no workspace', async () => {
    expect((await runThere('npx', 'countersign', '--version')).trim()).toBe(manifestOf(installed).version)
    expect(await runThere('npx', 'countersign', '--help')).toContain('approve')
  })
})

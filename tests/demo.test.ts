import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Visitor } from './support/oidc-provider.ts'

const BIN = join(import.meta.dirname, '../packages/cli/bin/countersign.js')
const PATIENCE_MS = 90_000

/** Ends with the test, whatever becomes of it. */
const running = new Set<ChildProcessByStdio<null, Readable, Readable>>()
/** Where a demo makes all of its files; open to everybody, because PostgreSQL does not run as root. */
let temporary = ''
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'countersign-demos-'))
  chmodSync(temporary, 0o777)
})
afterEach(async () => {
  for (const child of running) {
    child.kill('SIGTERM')
    await new Promise((resolve) => child.once('close', resolve))
  }
  rmSync(temporary, { recursive: true })
})

/** Starts the real command, as a person without a terminal. */
function demo(args: readonly string[], as: { readonly uid?: number; readonly gid?: number } = {}) {
  const child = spawn(process.execPath, [BIN, 'demo', ...args], {
    ...as,
    cwd: temporary,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.once('close', (code) => {
      running.delete(child)
      resolve({ code, stdout, stderr })
    }),
  )
  const said = (pattern: RegExp) => expect.poll(() => stdout, { timeout: PATIENCE_MS, interval: 50 }).toMatch(pattern)
  return { child, ended, said, output: () => stdout, folder: () => /all of it in (\S+)/.exec(stdout + stderr)?.[1] ?? 'none was told' }
}

/** No process that was started from the folder, and no file. Its ports are no trace: somebody else may have them by now. */
function expectNoTrace(): void {
  expect(readdirSync(temporary)).toEqual([])
  expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain(temporary)
}

/** Has the port until this is disposed of; another test's demo may have it first. */
async function take(port: number): Promise<AsyncDisposable> {
  const server = createServer()
  const listens = async () => {
    server.listen(port, '127.0.0.1')
    return once(server, 'listening').catch(() => null)
  }
  await expect.poll(listens, { timeout: PATIENCE_MS, interval: 100 }).not.toBeNull()
  return { [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) }
}

const Told = z.object({
  url: z.string(),
  postgres: z.object({ host: z.string(), port: z.number() }),
  folder: z.string(),
  people: z.array(z.object({ name: z.string(), tokenFile: z.string() })),
  facts: z.array(z.looseObject({ step: z.string() })),
})
const users = () => readFileSync('/etc/passwd', 'utf8')

describe('countersign demo', { timeout: 2 * PATIENCE_MS }, () => {
  it('plays the whole story once, proves each step, and leaves no trace', async () => {
    const usersBefore = users()
    const { code, stdout, stderr } = await demo(['--once', '--json']).ended
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('entries verified') })
    const { facts } = Told.parse(JSON.parse(stdout))
    const fact = (step: string) => facts.find((each) => each.step === step)
    expect(facts.map(({ step }) => step)).toEqual(['read', 'held', 'approved', 'refused', 'dropped', 'ended', 'ledger'])
    expect(fact('held')).toMatchObject({
      message: expect.stringMatching(/^held req-\w+: needs 1 of dba$/),
      detail: expect.stringContaining('production-writes'),
    })
    expect(fact('approved')).toMatchObject({ before: 360, after: 358 })
    expect(fact('refused')).toMatchObject({ code: '42501', message: expect.stringContaining('no-where-no-way') })
    expect(fact('dropped')).toMatchObject({ rows: 1 })
    expect(fact('ended')).toMatchObject({ code: '57P01', message: expect.stringContaining('has reached its end') })
    expect(Number(fact('ledger')?.['entries'])).toBeGreaterThan(20)
    for (const told of ['bob$ countersign requests --inbox', 'approved by bob@example.com', 'DELETE 2', 'FATAL:  terminating connection'])
      expect(stderr).toContain(told)
    expect(stdout + stderr).not.toMatch(/cst_|\p{Cc}(?<!\n)/u)
    expectNoTrace()
    expect(users()).toBe(usersBefore)
  })

  it('stays up to be tried with the lines that it prints, until Ctrl-C, where others have its ports', async () => {
    await using taken = new AsyncDisposableStack()
    for (const port of [7070, 7432]) taken.use(await take(port))
    const { child, ended, said, folder, output } = demo([])
    await said(/Now you\.[\s\S]*gateway\.log\n/)
    for (const port of [7070, 7432]) expect(output()).toContain(`port ${port} is taken by something else here, so it is `)
    const tokenFile = join(folder(), 'alice.token')
    expect(statSync(tokenFile).mode & 0o777).toBe(0o600)
    const client = new pg.Client({
      host: '127.0.0.1',
      port: Number(/port=(\d+)/.exec(output())?.[1]),
      user: 'alice@example.com',
      database: 'orders-db',
      password: readFileSync(tokenFile, 'utf8').trim(),
    })
    client.on('error', () => undefined)
    await client.connect()
    expect((await client.query('SELECT count(*)::int AS left FROM orders')).rows).toEqual([{ left: 358 }])
    const [, link = '', url = ''] = /((\S+)\/auth\/oidc\/demo)/.exec(output()) ?? []
    const bob = new Visitor()
    await bob.go(link, 'bob', (next) => next === `${url}/`)
    expect(await (await bob.fetch(`${url}/api/v1/whoami`)).json()).toMatchObject({ user: 'bob@example.com', groups: ['dba'], mayReview: true, via: 'login' })
    child.kill('SIGINT')
    child.kill('SIGINT') // an impatient one changes nothing
    const { code, stdout, stderr } = await ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).not.toMatch(/cst_/)
    expectNoTrace()
  })

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('leaves no trace when %s comes in the middle', async (signal) => {
    const { child, ended, said } = demo([])
    await said(signal === 'SIGTERM' ? /2\. Alice deletes/ : signal === 'SIGINT' ? /Countersign/ : /PostgreSQL \d/)
    child.kill(signal)
    const { code, stdout } = await ended
    expect(code).toBe({ SIGTERM: 143, SIGINT: 130, SIGHUP: 129 }[signal])
    expect(stdout).toContain('the story was not finished')
    expectNoTrace()
  })

  it('leaves no trace when whoever reads its output goes away', async () => {
    const { child, ended, said } = demo([])
    await said(/2\. Alice deletes/)
    child.stdout.destroy()
    expect(await ended).toMatchObject({ stderr: '' })
    expectNoTrace()
  })

  it.skipIf(process.getuid?.() !== 0 || !othersMayRead())('runs as a user that is not root', async () => {
    const nobody = { uid: Number(execFileSync('id', ['-u', 'nobody'])), gid: Number(execFileSync('id', ['-g', 'nobody'])) }
    const { code, stdout, stderr } = await demo(['--once', '--json'], nobody).ended
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('entries verified') })
    expect(Told.parse(JSON.parse(stdout)).facts).toHaveLength(7)
    expectNoTrace()
  })
})

/** A checkout in root's home is closed to others. */
function othersMayRead(): boolean {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false
    if (folder === dirname(folder)) return true
  }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import pg from 'pg'
import { Ids, readPage, type Step } from './support/console.ts'
import { lacks } from './support/needs.ts'
import { type PostgresServer, startPostgres } from './support/postgres.ts'

const ROOT = join(import.meta.dirname, '..')
/** In the order of docs/README.md; each goes on where the one before ended, as a reader does. */
const PAGES = ['set-up', 'request', 'approve', 'operate', 'recover']
const PATIENCE_MS = 30_000
/** What a command prints last that does not end by itself: a statement that is held, the gateway. */
const RUNS_ON = /^held req-|"ready":true/
const SEED = `CREATE TABLE orders (id int PRIMARY KEY, status text NOT NULL); INSERT INTO orders SELECT n, 'new' FROM generate_series(1, 360) AS n`

/** One command of a page. */
interface Running {
  readonly child: ChildProcess
  readonly done: Promise<number | null>
  output: string
}

describe.skipIf(lacks('psql'))('the pages of docs/ by task', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-docs-'))
  const ids = new Ids()
  const exports = new Map<string, string[]>()
  const running: Running[] = []
  /** What a block goes on with that begins without a command. */
  let held: Running | null = null
  let target: PostgresServer
  /** The line that the pages' configuration has here on top of its own. */
  let listen = ''
  /** No page makes sense after one that failed. */
  let stoppedAt: string | null = null
  /** What the pages say, and what it is here. */
  let places: readonly (readonly [string, string])[] = []

  beforeAll(async () => {
    target = await startPostgres()
    await seed(target)
    const [http, postgres] = [await freePort(), await freePort()]
    places = [
      ['127.0.0.1:7070', `127.0.0.1:${http}`],
      ['port=7432', `port=${postgres}`],
      ['127.0.0.1:5432/orders', `${target.host}:${target.port}/postgres`],
      ['ORDERS_DB_PASSWORD=…', `ORDERS_DB_PASSWORD=${target.password}`],
    ]
    writeFileSync(join(folder, 'countersign'), `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'packages/cli/bin/countersign.js')}' "$@"\n`)
    chmodSync(join(folder, 'countersign'), 0o755)
    listen = `listen: { http: 127.0.0.1:${http}, postgres: 127.0.0.1:${postgres} }\n`
  })

  afterAll(async () => {
    for (const { child, done } of running.toReversed()) {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await done
    }
    await target?.stop()
    rmSync(folder, { recursive: true })
  })

  const here = (text: string) => places.reduce((filled, [said, real]) => filled.replaceAll(said, real), text)
  const there = (text: string) => places.reduce((said, [name, real]) => said.replaceAll(real, name), text)

  function start({ who, command }: Step): Running {
    const prelude = (exports.get(who) ?? []).join('\n')
    const env = {
      ...process.env,
      PATH: [folder, dirname(process.execPath), process.env['PATH']].join(delimiter),
      COUNTERSIGN_GATEWAY: here('http://127.0.0.1:7070'),
    }
    const child = spawn('bash', ['-c', `${prelude}\nexec 2>&1\n${ids.fill(here(command ?? ''))}`], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
    const done = new Promise<number | null>((resolve) => child.once('close', resolve))
    const started: Running = { child, done, output: '' }
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (started.output += text))
    running.push(started)
    return started
  }

  const isOver = ({ child }: Running) => child.exitCode !== null || child.signalCode !== null

  async function perform(step: Step): Promise<void> {
    if (step.command !== null && /^(?:export|umask) /.test(step.command)) {
      exports.set(step.who, [...(exports.get(step.who) ?? []), here(step.command)])
      return
    }
    const current = step.command === null ? held : start(step)
    if (!current) throw new Error('there is no command that goes on')
    const shown = () => ids.match(step.output, there(current.output))
    for (const end = Date.now() + PATIENCE_MS; !shown() && !isOver(current) && Date.now() < end;) await sleep(50)
    if (isOver(current)) await current.done
    if (!shown()) throw new Error(`printed instead:\n${there(current.output)}`)
    if (!RUNS_ON.test(step.output.at(-1) ?? '')) await current.done
    else held = current
  }

  it.each(PAGES)('%s.md says what happens', { timeout: 120_000 }, async (page) => {
    expect(stoppedAt).toBe(null)
    const { files, steps } = readPage(join(ROOT, 'docs', `${page}.md`))
    for (const { path, text } of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), (path === 'countersign.yaml' ? listen : '') + here(text))
    }
    for (const step of steps) {
      await perform(step).catch((cause: unknown) => {
        stoppedAt = page
        throw new Error(`docs/${page}.md:${step.line}: ${step.command ?? 'what goes on'}\n${cause instanceof Error ? cause.message : String(cause)}`, { cause })
      })
    }
    expect(steps.length).toBeGreaterThan(2)
  })
})

async function seed(target: PostgresServer): Promise<void> {
  const client = new pg.Client(target.url('postgres'))
  await client.connect()
  await client.query(`CREATE ROLE app LOGIN PASSWORD '${target.password}'; GRANT CREATE ON SCHEMA public TO app; SET ROLE app; ${SEED}`)
  await client.end()
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

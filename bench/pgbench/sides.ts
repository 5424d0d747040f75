import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { z } from 'zod'
import type { PostgresServer } from '../../tests/support/postgres.ts'

/** One way to the same database. */
export interface Side {
  readonly name: 'direct' | 'pgbouncer' | 'relay' | 'gateway'
  /** The process that stands in between; null when none does. */
  readonly pid: number | null
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  stop(): Promise<void>
}

const ROOT = join(import.meta.dirname, '../..')
const DATABASE = 'postgres'
const ALICE = 'alice@example.com'

export function direct({ port, superuser, password }: PostgresServer): Side {
  return { name: 'direct', pid: null, port, user: superuser, password, database: DATABASE, stop: () => Promise.resolve() }
}

/** PgBouncer, pooling sessions: like the gateway, one backend for one client. It refuses to run as root. */
export async function pgbouncer(server: PostgresServer): Promise<Side> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-pgbouncer-'))
  const port = await freePort()
  const users = join(folder, 'users.txt')
  const settings = join(folder, 'pgbouncer.ini')
  writeFileSync(users, `"${server.superuser}" "${server.password}"\n`, { mode: 0o600 })
  writeFileSync(settings, pgbouncerSettings(server, port, users))
  const owner = process.getuid?.() === 0 ? idsOf('nobody') : null
  if (owner) for (const path of [folder, users, settings]) chownSync(path, owner.uid, owner.gid)
  const child = spawn('pgbouncer', ['--quiet', settings], { ...owner, cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  await listening(port, child, 'pgbouncer')
  return { name: 'pgbouncer', pid: pidOf(child), port, user: server.superuser, password: server.password, database: DATABASE, stop: () => end(child, folder) }
}

function pgbouncerSettings({ host, port: upstream }: PostgresServer, port: number, users: string): string {
  return [
    '[databases]',
    `${DATABASE} = host=${host} port=${upstream} dbname=${DATABASE}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'pool_mode = session',
    'default_pool_size = 64',
    'auth_type = scram-sha-256',
    `auth_file = ${users}`,
    'ignore_startup_parameters = extra_float_digits',
    'log_connections = 0',
    'log_disconnections = 0',
    '',
  ].join('\n')
}

/** A relay that looks at nothing: the floor for any gateway in one Node process. */
export async function relay(server: PostgresServer): Promise<Side> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-relay-'))
  const port = await freePort()
  const child = spawn(process.execPath, ['bench/pgbench/relay.ts', String(port), String(server.port)], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] })
  await listening(port, child, 'the relay')
  return { name: 'relay', pid: pidOf(child), port, user: server.superuser, password: server.password, database: DATABASE, stop: () => end(child, folder) }
}

/** The gateway with its defaults: parse, policy and journal for every statement. */
export async function gateway(server: PostgresServer): Promise<Side> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-gateway-'))
  const data = join(folder, 'data')
  const port = await freePort()
  const config = join(folder, 'countersign.yaml')
  mkdirSync(join(folder, 'policies'))
  writeFileSync(config, gatewayConfig(server, port, await freePort()))
  writeFileSync(join(folder, 'policies/bench.cedar'), POLICY)
  const child = spawn(process.execPath, ['packages/gateway/src/main.ts', 'start', '--config', config], {
    cwd: ROOT,
    env: { ...process.env, BENCH_DB_PASSWORD: server.password },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  try {
    await listening(port, child, 'the gateway')
    return {
      name: 'gateway',
      pid: pidOf(child),
      port,
      user: ALICE,
      password: await tokenFor(ALICE, data),
      database: 'bench-db',
      stop: () => end(child, folder),
    }
  } catch (error) {
    await end(child, folder)
    throw error
  }
}

const POLICY = `@id("bench-reads")
permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
`

function gatewayConfig({ host, port: upstream, superuser }: PostgresServer, port: number, http: number): string {
  return [
    `listen: { http: 127.0.0.1:${http}, postgres: 127.0.0.1:${port} }`,
    'data: ./data',
    'users:',
    `  ${ALICE}: { groups: [engineering] }`,
    'resources:',
    '  bench-db:',
    '    protocol: postgres',
    `    url: postgres://${host}:${upstream}/${DATABASE}`,
    `    credential: { username: ${superuser}, password: { env: BENCH_DB_PASSWORD } }`,
    '    tls: { mode: disable }',
    'policies: ./policies',
    '',
  ].join('\n')
}

async function tokenFor(user: string, data: string): Promise<string> {
  const args = ['packages/cli/bin/countersign.js', 'token', 'create', '--user', user, '--data', data, '--json']
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT })
  return z.object({ token: z.string() }).parse(JSON.parse(stdout)).token
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the program was not started')
  return pid
}

function idsOf(user: string): { readonly uid: number; readonly gid: number } {
  const id = (flag: string): number => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** Asks the program to end, and insists after 5 s; its files go with it. */
async function end(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    const insist = setTimeout(() => child.kill('SIGKILL'), 5_000)
    child.kill('SIGTERM')
    await exited
    clearTimeout(insist)
  }
  rmSync(folder, { recursive: true, force: true })
}

/** Resolves when something accepts connections on the port; throws when the program ended instead, or after 15 s. */
async function listening(port: number, child: ChildProcess, name: string): Promise<void> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; await sleep(50)) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${name} ended instead of listening; its words are above`)
    if (await accepts(port)) return
  }
  throw new Error(`${name} did not listen on port ${port} within 15 s`)
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Client, createClient } from '@countersign/contract/client'
import { stringify } from 'yaml'
import { socketFetch } from '../../packages/cli/src/socket.ts'

const PROGRAM = new URL('../../packages/gateway/src/main.ts', import.meta.url).pathname
const STOP_MS = 10_000

/** Any of the end-to-end tests can be run with several protocol workers: TEST_WORKERS=2. */
export const WORKERS = Number(process.env['TEST_WORKERS'] ?? 1)

/** What stands in `countersign.yaml` beside listeners, data and policies, which the fixture sets. */
export interface GatewayOptions {
  readonly users: Readonly<Record<string, { readonly groups: readonly string[]; readonly admin?: boolean; readonly auditor?: boolean }>>
  readonly resources: Readonly<Record<string, unknown>>
  /** Cedar text, one file. */
  readonly policy: string
  readonly store?: unknown
  readonly witness?: unknown
  readonly hold?: Readonly<Record<string, string>>
  readonly session?: Readonly<Record<string, string>>
  readonly recordings?: unknown
  readonly identity?: unknown
  readonly login?: Readonly<Record<string, string>>
  readonly tls?: { readonly cert: string; readonly key: string }
  readonly exports?: readonly unknown[]
  readonly notify?: unknown
  /** How many processes speak the protocol; without it what TEST_WORKERS says, or one. */
  readonly workers?: number
  /** Of the API and the console; a free one where nothing is said. */
  readonly httpPort?: number
  readonly env?: Readonly<Record<string, string>>
  /** A data directory to start in again; the fixture leaves it in place at `stop`. */
  readonly data?: string
  /** Called with its process when that begins, which is long before it is ready. */
  readonly onSpawn?: (child: ChildProcess) => void
  /** The gateway's own file, where it is not the source of this checkout. */
  readonly program?: string
}

/** A real gateway of one test run: a process of its own, on free loopback ports. */
export interface GatewayProcess {
  readonly url: string
  readonly postgres: { readonly host: string; readonly port: number }
  readonly data: string
  readonly policyFile: string
  readonly child: ChildProcess
  /** What it has written to its standard output and error so far. */
  log(): string
  /** A new token, as the local administrator makes it. */
  token(user: string, options?: { readonly mayReview?: boolean; readonly agent?: string; readonly for?: string }): Promise<string>
  /** The API as the bearer of `token`; as the local administrator without one. */
  api(token?: string): Client
  stop(signal?: NodeJS.Signals): Promise<number | null>
  /** As when its machine loses power: it and its workers end at once, and none of them does anything more. `stop` is still to be said. */
  crash(): Promise<void>
}

/** Starts a gateway, and resolves when it is ready. Rejects with what it wrote when it does not start. */
export async function startGateway(options: GatewayOptions): Promise<GatewayProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-gateway-'))
  const data = options.data ?? join(folder, 'data')
  const { config, policyFile } = writeConfiguration(folder, data, options)
  const child = spawn(process.execPath, [options.program ?? PROGRAM, 'start', '--config', config], {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  options.onSpawn?.(child)
  const output: string[] = []
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk.toString()))
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const ready = await Promise.race([
    readyLine(child, output),
    exited.then((code) => {
      rmSync(folder, { recursive: true, force: true })
      throw new Error(`the gateway ended with ${code}: ${output.join('')}`)
    }),
  ])
  const local = createClient({ url: 'http://localhost', fetch: socketFetch(join(data, 'admin.sock')) })
  return {
    url: ready.url,
    postgres: addressOf(ready.postgres),
    data,
    policyFile,
    child,
    log: () => output.join(''),
    token: async (user, { mayReview = false, agent, for: life } = {}) =>
      (await local.createToken({ user, mayReview, ...(agent === undefined ? {} : { agent }), ...(life === undefined ? {} : { for: life }) })).token,
    api: (token) => (token === undefined ? local : createClient({ url: ready.url, token })),
    crash: async () => {
      for (const pid of [...workersOf(child), child.pid]) if (pid !== undefined) process.kill(pid, 'SIGKILL')
      await exited
    },
    stop: async (signal = 'SIGTERM') => {
      const impatient = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      child.kill(signal)
      const code = await exited
      clearTimeout(impatient)
      rmSync(folder, { recursive: true, force: true })
      return code
    },
  }
}

function writeConfiguration(
  folder: string,
  data: string,
  {
    users,
    resources,
    policy,
    store,
    witness,
    hold,
    session,
    tls,
    recordings,
    identity,
    login,
    exports,
    notify,
    workers = WORKERS,
    httpPort = 0,
  }: GatewayOptions,
) {
  const policies = join(folder, 'policies')
  mkdirSync(policies)
  const policyFile = join(policies, 'test.cedar')
  writeFileSync(policyFile, policy)
  const config = join(folder, 'countersign.yaml')
  const optional = Object.fromEntries(
    Object.entries({ store, witness, hold, session, tls, recordings, identity, login, exports, notify, workers }).filter(([, value]) => value !== undefined),
  )
  writeFileSync(config, stringify({ listen: { http: `127.0.0.1:${httpPort}`, postgres: '127.0.0.1:0' }, data, users, resources, policies, ...optional }))
  return { config, policyFile }
}

/** Its protocol workers, as the kernel knows them. */
export function workersOf({ pid }: ChildProcess): readonly number[] {
  const file = `/proc/${pid}/task/${pid}/children`
  return existsSync(file) ? readFileSync(file, 'utf8').split(' ').filter(Boolean).map(Number) : []
}

interface Ready {
  readonly url: string
  readonly postgres: string
}

/** The gateway says where it listens in one line of JSON. Its standard output is read on, so that it never blocks. */
function readyLine(child: ChildProcess, output: string[]): Promise<Ready> {
  return new Promise((resolve) => {
    if (!child.stdout) return
    createInterface(child.stdout).on('line', (line) => {
      output.push(`${line}\n`)
      if (!line.includes('"ready":true')) return
      const { http, postgres } = JSON.parse(line) as { http: string; postgres: string }
      resolve({ url: `http://${http}`, postgres })
    })
  })
}

function addressOf(text: string): { host: string; port: number } {
  const at = text.lastIndexOf(':')
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) }
}

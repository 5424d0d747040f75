import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A program that stands between a client and the target, listening on loopback. */
export interface Program {
  readonly pid: number
  readonly port: number
  readonly stop: () => Promise<void>
}

export interface Launch {
  readonly name: string
  readonly command: string
  /** Names and texts of the files that it needs; they are in `folder`. */
  readonly files: (port: number, folder: string) => Readonly<Record<string, string>>
  readonly args: (port: number, folder: string) => readonly string[]
  /** It refuses to run as root. */
  readonly unprivileged?: boolean
}

const LISTEN_MS = 15_000
const STOP_MS = 5_000

/** Starts a program on a free port, with its files in a temporary folder of its own. Throws when it does not listen. */
export async function launch({ name, command, files, args, unprivileged = false }: Launch): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  const port = await freePort()
  const owner = unprivileged && process.getuid?.() === 0 ? idsOf('nobody') : null
  if (owner) chownSync(folder, owner.uid, owner.gid)
  for (const [file, text] of Object.entries(files(port, folder))) {
    writeFileSync(join(folder, file), text, { mode: 0o600 })
    if (owner) chownSync(join(folder, file), owner.uid, owner.gid)
  }
  const child = spawn(command, args(port, folder), { ...owner, cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  const abandon = () => abandonAtExit(child, folder)
  process.once('exit', abandon)
  const stop = async () => {
    process.removeListener('exit', abandon)
    await end(child, folder)
  }
  try {
    await listening(port, child, name)
    return { pid: child.pid ?? 0, port, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function idsOf(user: string): { readonly uid: number; readonly gid: number } {
  const id = (flag: string): number => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** A bench that is interrupted leaves no program behind. */
function abandonAtExit(child: ChildProcess, folder: string): void {
  child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}

/** Asks the program to end, and insists after a while; its files go with it. */
async function end(child: ChildProcess, folder: string): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    const insist = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    child.kill('SIGTERM')
    await exited
    clearTimeout(insist)
  }
  rmSync(folder, { recursive: true, force: true })
}

async function listening(port: number, child: ChildProcess, name: string): Promise<void> {
  for (const deadline = Date.now() + LISTEN_MS; Date.now() < deadline; await sleep(50)) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${name} ended instead of listening; its words are above`)
    if (await accepts(port)) return
  }
  throw new Error(`${name} did not listen on port ${port} within ${LISTEN_MS / 1000} s`)
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

/** How many files, connections among them, one process may have open (proc_pid_limits(5)). */
export function openFilesLimit(): number {
  return Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Infinity)
}

/** The process and all that it has started, as far as they live. */
function family(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return [pid, ...children.split(' ').filter(Boolean).map(Number).flatMap(family)]
}

/** Processor time of the process and its children, all their threads, microseconds: utime and stime of proc_pid_stat(5), in ticks of 10 ms. */
export function processorTime(pid: number): number {
  return family(pid).reduce((sum, each) => {
    const fields = readFileSync(`/proc/${each}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) * 10_000
  }, 0)
}

/** Resident memory of the process and its children, bytes (VmRSS of proc_pid_status(5)). */
export function residentMemory(pid: number): number {
  return family(pid).reduce((sum, each) => sum + Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${each}/status`, 'utf8'))?.[1] ?? 0) * 1024, 0)
}

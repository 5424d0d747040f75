import { spawn } from 'node:child_process'
import type { GatewayProcess } from './gateway.ts'

/** What one run of psql printed. */
export interface PsqlRun {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A psql that reads its statements from us, as a person types them. */
export interface Psql {
  /** Sends one line; does not wait. */
  type(line: string): void
  /** Everything that it has printed so far, both streams in the order of arrival. */
  output(): string
  /** Resolves when the output matches; rejects after `ms` with what was printed instead. */
  waitFor(pattern: RegExp, ms?: number): Promise<string>
  /** The same, in what was printed since the last match of `next`. */
  next(pattern: RegExp, ms?: number): Promise<RegExpExecArray>
  /** Ctrl-C. */
  interrupt(): void
  /** Its process is gone without a goodbye, as when a laptop falls asleep. */
  vanish(): void
  /** End of input; resolves when it has ended. */
  quit(): Promise<PsqlRun>
}

/** Starts stock psql through the gateway: the token is its password, and the resource its database. */
export function psql(
  gateway: Pick<GatewayProcess, 'postgres'>,
  user: string,
  token: string,
  resource: string,
  options: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Psql {
  const { host, port } = gateway.postgres
  const child = spawn('psql', ['--no-psqlrc', '--no-align', '--tuples-only', `host=${host} port=${port} user=${user} dbname=${resource}`, ...options], {
    env: { ...process.env, PGPASSWORD: token, PGCLIENTENCODING: 'UTF8', LC_ALL: 'C.UTF-8', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let all = ''
  let read = 0
  let stdout = ''
  let stderr = ''
  const listeners = new Set<() => void>()
  const take = (chunk: Buffer, into: 'out' | 'err') => {
    const text = chunk.toString()
    all += text
    if (into === 'out') stdout += text
    else stderr += text
    for (const listener of listeners) listener()
  }
  child.stdout.on('data', (chunk: Buffer) => take(chunk, 'out'))
  child.stderr.on('data', (chunk: Buffer) => take(chunk, 'err'))
  child.stdin.on('error', () => undefined) // it may be gone before it has read everything
  const match = (pattern: RegExp, from: number, ms = 10_000) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(all.slice(from))
        if (!found) return
        done()
        resolve(found)
      }
      const late = setTimeout(() => {
        done()
        reject(new Error(`psql did not print ${pattern} within ${ms} ms, but:\n${all}`))
      }, ms)
      const done = () => {
        clearTimeout(late)
        listeners.delete(look)
      }
      listeners.add(look)
      look()
    })
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))

  return {
    type: (line) => void child.stdin.write(`${line}\n`),
    output: () => all,
    waitFor: async (pattern, ms) => {
      await match(pattern, 0, ms)
      return all
    },
    next: async (pattern, ms) => {
      const found = await match(pattern, read, ms)
      read += found.index + found[0].length
      return found
    },
    interrupt: () => void child.kill('SIGINT'),
    vanish: () => void child.kill('SIGKILL'),
    quit: async () => {
      child.stdin.end()
      const code = await exited
      return { code, stdout, stderr }
    },
  }
}

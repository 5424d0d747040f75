import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Seat } from './behaviours.ts'
import type { Place } from './drive.ts'

const PATIENCE_MS = 2_000

/**
 * A client that is a program of its own: it reads the name of a behaviour from each line of its input, and answers with a line
 * of JSON, `{ "reports": … }` or `{ "failed": "why" }`. Where to connect it finds in its environment, as libpq names it.
 */
export function child(command: string, args: readonly string[], place: Place): Seat {
  let running: Running | null = null
  return {
    run: (behaviour) => {
      running ??= start(command, args, place)
      return running.ask(behaviour)
    },
    vanish: async () => {
      running?.program.kill('SIGKILL')
      await running?.ended
      running = null
    },
    close: async () => {
      running?.program.stdin?.end()
      const impatient = setTimeout(() => running?.program.kill('SIGKILL'), PATIENCE_MS) // it hangs in what it does
      await running?.ended
      clearTimeout(impatient)
      running = null
    },
  }
}

interface Running {
  readonly program: ChildProcess
  readonly ended: Promise<unknown>
  ask(behaviour: string): Promise<unknown>
}

function start(command: string, args: readonly string[], { host, port, user, token, certificate, stranger }: Place): Running {
  const env = {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: token,
    CERTIFICATE: certificate,
    STRANGER: stranger,
    PYTHONDONTWRITEBYTECODE: '1',
  }
  const program = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
  const wanted: { resolve(value: unknown): void; reject(error: Error): void }[] = []
  let said = ''
  program.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  program.stdin.on('error', () => undefined) // it may be gone before it has read everything
  createInterface(program.stdout).on('line', (line) => {
    const answer = JSON.parse(line) as { reports?: unknown; failed?: string }
    if (answer.failed === undefined) wanted.shift()?.resolve(answer.reports)
    else wanted.shift()?.reject(new Error(answer.failed))
  })
  const ended = new Promise<void>((resolve) =>
    program.once('close', (code) => {
      for (const each of wanted) each.reject(new Error(`${command} ended with ${code}: ${said}`))
      resolve()
    }),
  )
  return {
    program,
    ended,
    ask: (behaviour) =>
      new Promise((resolve, reject) => {
        wanted.push({ resolve, reject })
        program.stdin.write(`${behaviour}\n`)
      }),
  }
}

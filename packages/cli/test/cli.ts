import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../bin/countersign.js', import.meta.url))

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Where {
  /** Added to an environment without COUNTERSIGN_*. */
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
}

/** Starts the real command. Neither end is a terminal. */
export function start(args: readonly string[], { env = {}, cwd }: Where = {}) {
  const clean = Object.entries(process.env).filter(([name]) => !name.startsWith('COUNTERSIGN_') && !['NO_COLOR', 'FORCE_COLOR', 'CI'].includes(name))
  const child = spawn(process.execPath, [BIN, ...args], { env: { ...Object.fromEntries(clean), ...env }, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = Promise.all([text(child.stdout), text(child.stderr), new Promise<number | null>((resolve) => child.once('close', resolve))])
  return { child, ended: ended.then(([stdout, stderr, code]): Ran => ({ code, stdout, stderr })) }
}

/** Runs the real command to its end. */
export function cli(args: readonly string[], where: Where = {}): Promise<Ran> {
  return start(args, where).ended
}

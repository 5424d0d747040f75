import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { SecretSource } from './config.ts'

/** A program that gives no secret within this time is taken as failed; a client is waiting. */
const EXEC_TIMEOUT_MS = 10_000
const MAX_BYTES = 64 * 1024

/** A secret cannot be had. The message says from where and why, and holds nothing of the secret or of a program's output. */
export class SecretError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'SecretError'
  }
}

/** Reads a secret where it is kept; one newline at its end is not part of it. Rejects with SecretError, also for an empty one. */
export async function readSecret(source: SecretSource): Promise<string> {
  const secret = (await read(source)).replace(/\r?\n$/, '')
  if (secret === '') throw new SecretError(`${describe(source)} holds nothing`)
  return secret
}

async function read(source: SecretSource): Promise<string> {
  if ('env' in source) return process.env[source.env] ?? ''
  try {
    if ('file' in source) return await readFile(source.file, 'utf8')
    return await run(source.exec)
  } catch (error) {
    // The error itself carries the command's output and arguments, so only its code goes on.
    throw new SecretError(`${describe(source)} failed (${reason(error)})`)
  }
}

async function run([program = '', ...args]: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { timeout: EXEC_TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: MAX_BYTES, encoding: 'utf8' })
  return stdout
}

function describe(source: SecretSource): string {
  if ('env' in source) return `environment variable ${source.env}`
  if ('file' in source) return `file ${source.file}`
  return `program ${source.exec[0] ?? ''}`
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if ('killed' in error && error.killed === true) return `no answer in ${EXEC_TIMEOUT_MS / 1000} s`
  return 'code' in error ? String(error.code) : error.name
}

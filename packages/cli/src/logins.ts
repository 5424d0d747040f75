import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { CliError } from './error.ts'

/** What `countersign login` keeps of one gateway. */
const loginShape = z.object({ token: z.string(), id: z.string(), user: z.string(), expiresAt: z.string() })
export type Login = z.infer<typeof loginShape>

const fileShape = z.object({ current: z.string().nullable(), gateways: z.record(z.string(), loginShape) })
type Logins = z.infer<typeof fileShape>

/** `$XDG_CONFIG_HOME/countersign`, and `~/.config/countersign` without it (XDG base directories: a relative one is none). */
const directory = (environment: NodeJS.ProcessEnv) => {
  const configured = environment['XDG_CONFIG_HOME']
  return join(configured?.startsWith('/') ? configured : join(environment['HOME'] || homedir(), '.config'), 'countersign')
}

export const loginsFile = (environment: NodeJS.ProcessEnv) => join(directory(environment), 'logins.json')

/** The gateway that was signed in to last, and the login at each. Throws CliError for a file that others may read: its tokens are known to them. */
export function readLogins(environment: NodeJS.ProcessEnv): Logins {
  const file = loginsFile(environment)
  if (!existsSync(file)) return { current: null, gateways: {} }
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
    throw new CliError(
      'failed',
      `${file} is open to others, who may have read the tokens in it`,
      '`countersign token revoke --all`, then remove it and `countersign login` again',
    )
  const logins = fileShape.safeParse(parse(readFileSync(file, 'utf8')))
  if (logins.success) return logins.data
  throw new CliError('failed', `${file} is not what \`countersign login\` writes`, 'remove it and run `countersign login` again')
}

/** Keeps a login, as the current one. The file is whole at every moment, and was never open to others. */
export function keepLogin(environment: NodeJS.ProcessEnv, url: string, login: Login): void {
  const { gateways } = readLogins(environment)
  write(environment, { current: url, gateways: { ...gateways, [url]: login } })
}

export function forgetLogin(environment: NodeJS.ProcessEnv, url: string): void {
  const { current, gateways } = readLogins(environment)
  const { [url]: _forgotten, ...rest } = gateways
  write(environment, { current: current === url ? null : current, gateways: rest })
}

function write(environment: NodeJS.ProcessEnv, logins: Logins): void {
  const file = loginsFile(environment)
  mkdirSync(directory(environment), { recursive: true, mode: 0o700 })
  writeFileSync(`${file}.new`, `${JSON.stringify(logins, null, 2)}\n`, { mode: 0o600 })
  chmodSync(`${file}.new`, 0o600) // it may have been there, left behind
  renameSync(`${file}.new`, file)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { CliError } from '../error.ts'
import type { DemoGateway, Person } from './gateway.ts'
import type { Lifetime } from './lifetime.ts'

/** The command itself: beside the sources in a checkout, beside dist/ in the published package. */
const PROGRAM = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../bin/countersign.js' : '../bin/countersign.js', import.meta.url))

/** Runs a real `countersign` command as one of the people, and gives what it printed on stdout. Throws when it fails. */
export async function countersign(life: Lifetime, { url }: DemoGateway, { token }: Person, args: readonly string[]): Promise<string> {
  const env = { ...process.env, COUNTERSIGN_GATEWAY: url, COUNTERSIGN_TOKEN: token, NO_COLOR: '1' }
  const child = life.spawn(process.execPath, [PROGRAM, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  if (!child.stdout || !child.stderr) throw new Error('a child without its outputs')
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  if (code !== 0) throw new CliError('failed', `countersign ${args.join(' ')} ended with ${code}:\n${stderr}${stdout}`)
  return stdout
}

import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { CliError } from '../error.ts'
import type { Lifetime } from './lifetime.ts'

/** A user of this machine, as `spawn` takes it. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** Users that are on a machine anyway, so that none is made, and none has to be removed. */
const CANDIDATES = ['nobody', 'postgres']

/** PostgreSQL refuses to run as root, so then it runs as somebody else. Null: it runs as whoever we are. */
export async function unprivileged(life: Lifetime): Promise<Owner | null> {
  if (process.getuid?.() !== 0) return null
  for (const name of CANDIDATES) {
    const [uid, gid] = await Promise.all([id(life, '-u', name), id(life, '-g', name)])
    if (uid !== null && gid !== null) return { uid, gid }
  }
  throw new CliError(
    'failed',
    `PostgreSQL refuses to run as root, and this machine has none of the users ${CANDIDATES.join(', ')}`,
    'run this as another user than root',
  )
}

async function id(life: Lifetime, option: '-u' | '-g', name: string): Promise<number | null> {
  const child = life.spawn('id', [option, name], { stdio: ['ignore', 'pipe', 'ignore'] })
  if (!child.stdout) return null
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  return code === 0 && /^\d+\s*$/.test(said) ? Number(said) : null
}

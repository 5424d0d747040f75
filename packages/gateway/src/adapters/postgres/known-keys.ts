import { createHmac, randomBytes } from 'node:crypto'
import { deriveKeys, type Keys } from '@countersign/wire/postgres/scram'

/** Those that were used last; of an account that is one session's alone nobody needs them again. */
const MAX_LOGINS = 1_000

/** So that what is kept to compare passwords by says nothing to anybody outside this process. */
const SECRET = randomBytes(32)

interface Known {
  readonly of: string
  readonly keys: Promise<Keys>
}

const known = new Map<string, Known>()

/**
 * SCRAM's keys for one login at one target, worked out once for as long as its password, salt and iterations are the same: thousands of
 * rounds of SHA-256 are most of what a login costs. The password itself is read at each connect and not kept, so one that was changed or taken
 * back counts at once. The keys are as good as it for that one server, and stay in this process's memory, which the password passes through too (decision 19).
 */
export function derivingOnce(login: string): typeof deriveKeys {
  return (password, salt, iterations) => {
    const of = createHmac('sha256', SECRET)
      .update(JSON.stringify([password, Buffer.from(salt).toString('hex'), iterations]))
      .digest('hex')
    const before = known.get(login)
    const keys = before?.of === of ? before.keys : deriveKeys(password, salt, iterations)
    known.delete(login) // so that it becomes the latest
    known.set(login, { of, keys })
    for (const oldest of known.keys().take(Math.max(0, known.size - MAX_LOGINS))) known.delete(oldest)
    keys.catch(() => known.delete(login))
    return keys
  }
}

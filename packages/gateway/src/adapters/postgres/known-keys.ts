import { createHmac, randomBytes } from 'node:crypto'
import { deriveKeys, type Keys } from '@countersign/wire/postgres/scram'

/** More logins than this are worked out anew. */
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
    if (before?.of === of) return before.keys
    const keys = deriveKeys(password, salt, iterations)
    if (known.size < MAX_LOGINS || known.has(login)) known.set(login, { of, keys })
    keys.catch(() => known.delete(login))
    return keys
  }
}

import { randomBytes } from 'node:crypto'
import { storedSecret } from '@countersign/wire/postgres/scram'
import type { Account, AccountKeeper, Session } from '../../adapter.ts'
import { Refused } from '../beside.ts'
import { derivingOnce } from '../known-keys.ts'
import { literal, quoted } from '../quoted.ts'
import { Turns } from '../turns.ts'
import type { Admins } from './admin.ts'
import { grantRole } from './membership.ts'
import { removeAccount } from './remove.ts'

const SALT_BYTES = 16
/** PostgreSQL's own. The password is random: no number of rounds makes it harder to guess. */
const ITERATIONS = 4_096
const PASSWORD_BYTES = 32
const NAME_BYTES = 6
/** Of one resource: a thousand sessions that end at once must not keep those waiting that begin. */
const REMOVED_AT_ONCE = 2

/** What an account may do that does not need a right on any object: nothing. */
const ATTRIBUTES = 'NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT CONNECTION LIMIT 1'

/** Accounts of single sessions as roles of PostgreSQL. */
export class RoleKeeper implements AccountKeeper {
  readonly kind = 'postgres role'
  readonly #admins: Admins
  readonly #removing = new Turns(REMOVED_AT_ONCE)
  readonly #always = new AbortController().signal

  constructor(admins: Admins) {
    this.#admins = admins
  }

  /** `cs_7kq2m4xz_1f0c…`: the session's id, for whoever reads the target's log, and what makes it new. */
  invent({ id, endsAt, mayRead }: Pick<Session, 'id' | 'endsAt' | 'mayRead'>): Account {
    const session = id.slice(id.indexOf('-') + 1)
    return {
      name: `cs_${session}_${randomBytes(NAME_BYTES).toString('hex')}`,
      password: randomBytes(PASSWORD_BYTES).toString('base64url'),
      endsAt,
      reads: mayRead,
    }
  }

  async make(resource: string, { name, password, endsAt, reads: mayRead }: Account): Promise<void> {
    const admin = this.#admins.of(resource)
    const salt = randomBytes(SALT_BYTES)
    const keys = await derivingOnce(JSON.stringify([resource, name]))(password, salt, ITERATIONS) // the session's own login needs the same
    const create = createAccount(name, storedSecret(keys, salt, ITERATIONS), endsAt)
    const reads = mayRead ? (admin.target.accounts?.roles['read'] ?? []) : []
    await admin.run((beside) => beside.run([create, ...reads.map((role) => grantRole(role, name, beside.version))]))
  }

  async remove(resource: string, name: string): Promise<void> {
    try {
      await this.#removing.run(resource, this.#always, () => removeAccount(this.#admins.of(resource), name))
    } catch (error) {
      if (error instanceof Refused && error.detail !== null) throw new Error(`${error.message}: ${error.detail}`, { cause: error })
      throw error
    }
  }
}

/** `secret` is the password as the target keeps it. */
export function createAccount(name: string, secret: string, endsAt: number): string {
  return `CREATE ROLE ${quoted(name)} LOGIN PASSWORD ${literal(secret)} VALID UNTIL ${literal(new Date(endsAt).toISOString())} ${ATTRIBUTES}`
}

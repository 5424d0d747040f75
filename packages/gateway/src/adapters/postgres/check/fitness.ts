import type { Target } from '../../adapter.ts'
import { ConnectionRefused } from '../refuse.ts'
import { checkDatabase } from './run.ts'

/** How long a target that was found fit counts as such. */
const BELIEVED_MS = 60_000
/** One that was not is left alone for a moment, however many knock, and then looked at again: somebody may have mended it. */
const UNFIT_MS = 1_000

interface Known {
  readonly refusal: ConnectionRefused | null
  /** Monotonic milliseconds. */
  readonly until: number
}

/** Keeps sessions with accounts of their own away from targets where the fence could be passed. */
export class Fitness {
  readonly #known = new Map<string, Known>()
  readonly #looking = new Map<string, Promise<Known>>()
  readonly #closed = new AbortController()
  readonly #believedMs: number

  /** `believedMs` is how long an answer counts, at most. */
  constructor(believedMs = BELIEVED_MS) {
    this.#believedMs = believedMs
  }

  /** Rejects with ConnectionRefused when the target's database is not fit for accounts, or cannot be looked at. */
  async assert(target: Target): Promise<void> {
    const key = JSON.stringify([target.resource, target.database])
    const known = this.#known.get(key)
    const { refusal } = known && known.until > performance.now() ? known : await this.#look(key, target)
    if (refusal) throw refusal
  }

  [Symbol.dispose](): void {
    this.#closed.abort()
  }

  /** Whoever comes meanwhile waits for the same. */
  #look(key: string, target: Target): Promise<Known> {
    const looking = this.#looking.get(key) ?? this.#lookNow(key, target).finally(() => this.#looking.delete(key))
    this.#looking.set(key, looking)
    return looking
  }

  async #lookNow(key: string, target: Target): Promise<Known> {
    const { findings } = await checkDatabase(target, this.#closed.signal)
    const blocking = findings.filter(({ severity }) => severity === 'blocking').map(({ what }) => what)
    const refusal = blocking.length === 0 ? null : unfit(target, blocking)
    const known = { refusal, until: performance.now() + (refusal ? Math.min(UNFIT_MS, this.#believedMs) : this.#believedMs) }
    this.#known.set(key, known)
    return known
  }
}

function unfit({ resource, database }: Target, [first, ...others]: readonly string[]): ConnectionRefused {
  const more = others.length === 0 ? '' : `, and ${others.length} more`
  return new ConnectionRefused(
    '57P03',
    `${resource} is not fit for accounts of single sessions, so nobody is let into ${database}: ${first}${more}`,
    `Ask the operator of the gateway to run \`countersign resource check ${resource}\`: it says why, and the SQL that mends it.`,
  )
}

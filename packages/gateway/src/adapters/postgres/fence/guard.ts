import { statementFailure } from '../refuse.ts'
import { type Allowance, type Session, UNANSWERED } from '../../adapter.ts'
import type { Batch } from '../batch.ts'
import type { Classified } from '../classify.ts'
import type { Replies } from '../replies.ts'
import { Fence } from './fence.ts'
import type { Fencing } from './fencing.ts'
import type { Rights } from './rights.ts'

/** What is allowed, and what it needs before it may be forwarded. */
export interface Pass {
  readonly run: string
  readonly rights: Rights
  /** They stay: policy allows such reads by itself. */
  readonly stays: boolean
  /** It was somebody's approval that allowed it, which is used up whatever comes of it. */
  readonly reviewed: boolean
}

const OPENING = 'Nothing has run. An operator should look at `countersign resource check`; then run it again'
const AFTER_FAILURE = 'current transaction is aborted, commands ignored until end of transaction block'

/** The fence as the relay sees it: errors in bytes for the client, and null where there is nothing to say. */
export class Guard {
  readonly fence: Fence
  readonly #session: Session
  readonly #replies: Replies

  constructor(fencing: Fencing, batch: Batch, replies: Replies, session: Session) {
    this.fence = new Fence(fencing, session, batch, replies)
    this.#session = session
    this.#replies = replies
  }

  /** Why this is not even judged. */
  refusal(classified: Classified): Uint8Array | null {
    if (this.#replies.status === 'E' && !endsAlone(classified) && (this.fence.isOwed || this.fence.needs(classified)))
      return statementFailure('25P02', AFTER_FAILURE, 'Send ROLLBACK by itself.')
    const objection = this.fence.objection(classified)
    return objection && statementFailure('0A000', objection.message, objection.hint)
  }

  /** What has to be granted first; null: nothing, as for what ends a transaction that has failed and so runs no triggers. */
  needs(classified: Classified, { run, reviewed }: Allowance): Pass | null {
    const rights = this.#replies.status === 'E' ? null : this.fence.needs(classified)
    return rights && { run, rights, stays: !reviewed && classified.type === 'sql:read', reviewed }
  }

  /** Grants what it needs, if anything. Everything before must have been answered. */
  async openFor(classified: Classified, verdict: Allowance): Promise<Uint8Array | null> {
    const pass = this.needs(classified, verdict)
    return pass && this.open(pass)
  }

  /** Grants it. Anything but null is why it may not be forwarded, and then it is recorded that it did not run. */
  async open({ run, rights, stays, reviewed }: Pass): Promise<Uint8Array | null> {
    const why = stays ? await this.fence.stand(run, rights) : await this.fence.open(run, rights)
    if (why === null) return null
    this.#session.record({ run, result: 'failed', summary: 'not granted', ...UNANSWERED, sent: null })
    return statementFailure(
      '58000',
      `it was not sent to the target: ${why}`,
      reviewed ? `${OPENING}, which asks for a new approval: this one is used up.` : `${OPENING}.`,
    )
  }
}

function endsAlone({ statements }: Classified): boolean {
  const [only] = statements
  return statements.length === 1 && only !== undefined && ENDS.has(only.transaction)
}

const ENDS: ReadonlySet<unknown> = new Set(['commit', 'rollback', 'rollback-to', 'release', 'prepare'])

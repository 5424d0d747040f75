import type { Action } from '@countersign/core/action'
import { type Allowance, type Session, UNANSWERED, type Verdict } from '../adapter.ts'
import type { Message } from './inbox.ts'

type Stateless = Omit<Action, 'state'>

/** The statements of a pipeline that were allowed together and whose turn is still to come. */
export class Approved {
  readonly #session: Session
  readonly #waiting = new Map<Message<'bind'>, { readonly allowance: Allowance; readonly action: Stateless }>()

  constructor(session: Session) {
    this.#session = session
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0
  }

  add(message: Message<'bind'>, allowance: Allowance, action: Stateless): void {
    this.#waiting.set(message, { allowance, action })
  }

  /** Null for what was not allowed before. It is refused where it would do something else now than what was allowed. */
  take(message: Message<'bind'>, action: Stateless): Verdict | null {
    const approved = this.#waiting.get(message)
    if (!approved) return null
    this.#waiting.delete(message)
    if (isSame(approved.action, action)) return approved.allowance
    this.#skip(approved.allowance)
    return {
      effect: 'refuse',
      code: 'pending',
      message: 'what this statement does has changed since its pipeline was approved',
      detail: null,
      hint: 'Send it again.',
    }
  }

  /** Whatever has not had its turn by now will have none. */
  drop(): void {
    for (const { allowance } of this.#waiting.values()) this.#skip(allowance)
    this.#waiting.clear()
  }

  #skip({ run }: Allowance): void {
    this.#session.record({ run, result: 'failed', summary: 'skipped', ...UNANSWERED, sent: null })
  }
}

/** Facts follow from the text, but for those that are counted. */
function isSame(one: Stateless, other: Stateless): boolean {
  const bound = ({ type, text, parameters }: Stateless) => JSON.stringify([type, text, parameters])
  return bound(one) === bound(other)
}

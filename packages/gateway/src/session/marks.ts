import { randomBytes } from 'node:crypto'
import type { Action } from '@countersign/core/action'
import { type Decision, hidesValues, personalOf, personOf } from '@countersign/core/obligations'
import { hides, withheld } from '@countersign/core/withheld'
import type { Outcome } from '../adapters/adapter.ts'
import type { Event } from '../journal/journal.ts'
import { finishedSecret } from './events.ts'
import { secretOf } from './sealed.ts'

type Stateless = Omit<Action, 'state'>

/** How a session's actions are recorded: for whom its events are sealed, and what of them is in no record at all. */
export class Marks {
  readonly #user: string
  /** The user once a statement of his was personal: what the target says of a failure may quote it. */
  #ofFailures: string | null = null
  /** Runs of which nothing that the target says is recorded: it may quote what is secret. */
  readonly #silent = new Set<string>()
  #salt: string | null = null

  constructor(user: string) {
    this.#user = user
  }

  /** Whose personal data is in an event that holds a statement, or a digest of it. */
  person(decision: Decision): string | null {
    const person = personOf(this.#user, personalOf(decision), ['text', 'parameters'])
    this.#ofFailures ??= person
    return person
  }

  /** The action as it is recorded, kept and shown. */
  shown(action: Action, decision: Decision): Action
  shown(action: Stateless, decision: Decision): Stateless
  shown(action: Stateless, decision: Decision): Stateless {
    return withheld(action, hidesValues(decision))
  }

  /** The same of one that runs. */
  running(action: Stateless, hidden: boolean, run: string): Stateless {
    if (!hides(action, hidden)) return action
    this.#silent.add(run)
    return withheld(action, hidden)
  }

  /** The secret of the start of one that somebody has approved, and for whom it is sealed. */
  started(action: Stateless, decision: Decision, run: string): Required<Pick<Event, 'secret' | 'person'>> {
    return { secret: secretOf(this.running(action, hidesValues(decision), run)), person: this.person(decision) }
  }

  /** For the digest of an action of which something is withheld: an approval of it is worth something in this session alone. */
  salt(action: Stateless, decision: Decision): string | null {
    return hides(action, hidesValues(decision)) ? (this.#salt ??= randomBytes(32).toString('base64')) : null
  }

  /** What is sealed of an outcome, and for whom. */
  outcome(outcome: Outcome, isOver: boolean): { readonly secret: string | null; readonly person: string | null } {
    const silent = this.#silent.size > 0 && this.#silent.has(outcome.run)
    if (silent && isOver) this.#silent.delete(outcome.run)
    return { secret: silent ? null : finishedSecret(outcome), person: this.#ofFailures }
  }
}

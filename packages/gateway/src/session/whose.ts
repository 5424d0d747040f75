import { type Decision, personalOf, personOf } from '@countersign/core/obligations'

/** Whose personal data a session's events are, where policy says that they are any. */
export class Whose {
  readonly #user: string
  /** The user once a statement of his was personal: what the target says of a failure may quote it. */
  ofFailures: string | null = null

  constructor(user: string) {
    this.#user = user
  }

  /** Of an event that holds a statement, or a digest of it. */
  ofStatement(decision: Decision): string | null {
    const person = personOf(this.#user, personalOf(decision), ['text', 'parameters'])
    this.ofFailures ??= person
    return person
  }
}

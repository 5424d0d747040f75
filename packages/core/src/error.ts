/** Every refusal of a transition, by the rule that refused it. Mapped to HTTP, SQLSTATE or an exit code only at the edge. */
export type DomainCode =
  | 'not-pending' // already approved, denied, withdrawn or expired
  | 'expired'
  | 'own-request'
  | 'agent-cannot-review'
  | 'not-a-reviewer'
  | 'already-reviewed'
  | 'not-the-requester'
  | 'comment-required'
  | 'reason-required'
  | 'ticket-required'
  | 'signature-required'
  | 'signature-refused' // there is one, and it is not good for this
  | 'too-wide'
  | 'no-shape'
  | 'not-active'
  | 'not-yours'
  | 'used-up'

/** A transition was refused. `message` is for people and says what to do next. */
export class DomainError extends Error {
  readonly code: DomainCode

  constructor(code: DomainCode, message: string) {
    super(message)
    this.name = 'DomainError'
    this.code = code
  }
}

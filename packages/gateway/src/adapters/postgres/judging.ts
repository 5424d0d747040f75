import type { Parameter, SessionState } from '@countersign/core/action'
import { type Impact, unknownImpact } from '@countersign/core/impact'
import type { Duplex } from 'node:stream'
import { type Attempted, type HoldEnd, type Refusal, type Session, Skipped, type Target, type Verdict } from '../adapter.ts'
import type { Batch } from './batch.ts'
import { type Classified, prepare } from './classify.ts'
import { ClientHold } from './hold.ts'
import { weigh } from './impact/impact.ts'
import type { Names, Portal } from './names.ts'
import { actionOf, read, type Reading, runsByName } from './readable.ts'
import { statementError, statementFailure } from './refuse.ts'
import type { Replies } from './replies.ts'
import { holdLimit, sessionState } from './state.ts'

export interface JudgingSides {
  readonly client: Duplex
  readonly target: Target
  readonly session: Session
  readonly replies: Replies
  readonly names: Names
}

/** Reads a client's texts as the server will, and puts them before the session. */
export class Judging {
  readonly #sides: JudgingSides
  readonly #batch: Batch
  readonly #hold: ClientHold

  constructor(sides: JudgingSides, batch: Batch) {
    this.#sides = sides
    this.#batch = batch
    this.#hold = new ClientHold(sides.client)
  }

  /** Ends the wait of whoever is held; false when nobody is. */
  endHold(why: HoldEnd): boolean {
    return this.#hold.end(why)
  }

  /** Before anything long is read: its parsing would hold up every other connection. */
  prepare(text: string): Promise<void> {
    return prepare(text, { trusted: this.#sides.target.trustedFunctions })
  }

  read(text: string): Reading {
    const { target, names, replies } = this.#sides
    return read(text, target.trustedFunctions, names, replies.stale ? null : replies.parameters)
  }

  /** What a prepared text does now: its names may stand for something else than when it was prepared. */
  resolve(classified: Classified): Reading {
    return classified.type === 'sql:unknown' && classified.error !== null ? { classified, definitions: [] } : this.read(classified.canonical)
  }

  /** EXECUTE and FETCH look their name up when they run, which may be long after they were bound and judged. */
  meansTheSame({ classified, definitions }: Portal): boolean {
    if (!runsByName(classified)) return true
    return JSON.stringify(this.resolve(classified).definitions) === JSON.stringify(definitions)
  }

  /** `failed`: the server could not answer our question about its state, and the client has seen why. */
  async decide(reading: Reading, parameters: readonly Parameter[]): Promise<Verdict | 'failed'> {
    const { session, client, target } = this.#sides
    const batch = this.#batch
    let cancelDeadline = noop
    let failed = false
    const attempted: Attempted = {
      action: actionOf(reading, parameters),
      inTransaction: batch.inTransaction,
      state: async () => {
        const snapshot = await batch.snapshot()
        failed = snapshot === null
        if (snapshot === null) throw new Skipped()
        cancelDeadline() // it is asked again once somebody has decided
        cancelDeadline = this.#endHoldAfter(holdLimit(snapshot, batch.inTransaction, target.holdInTransactionMs))
        return sessionState(target.database, snapshot)
      },
      impact: (state) => this.#impact(reading, parameters, state),
    }
    try {
      const verdict = await session.decide(attempted, this.#hold)
      return failed ? 'failed' : verdict
    } finally {
      cancelDeadline()
      this.#hold.reset()
      if (client.destroyed) batch.discarding = true
    }
  }

  /** In a failed transaction nothing is held: it could not run anyway. */
  errorFor(refusal: Refusal, { classified }: Reading): Uint8Array {
    const why = refusal.code === 'denied' ? classified.statements.find(({ because }) => because !== null)?.because : null
    if (this.#sides.replies.status !== 'E' || refusal.code !== 'ended') return statementError({ ...refusal, detail: refusal.detail ?? why ?? null })
    return statementFailure('25P02', 'current transaction is aborted, commands ignored until end of transaction block')
  }

  /** Only the session itself sees what it has not committed. */
  async #impact({ classified }: Reading, parameters: readonly Parameter[], state: SessionState): Promise<Impact> {
    const { target, session, replies } = this.#sides
    const [statement, ...others] = classified.statements
    if (this.#batch.inTransaction) return unknownImpact('it is inside a transaction, whose own changes nobody else sees')
    if (!statement || others.length > 0) return unknownImpact('it is one of several statements, which may change the rows of each other')
    return weigh(target, { statement, parameters, state, reported: replies.parameters }, session.signal)
  }

  /** Null never ends it. */
  #endHoldAfter(ms: number | null): () => void {
    if (ms === null) return noop
    const timer = setTimeout(() => this.#hold.end('deadline'), ms)
    return () => clearTimeout(timer)
  }
}

function noop(): void {
  // nothing to undo
}

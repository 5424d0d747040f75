import { createHash } from 'node:crypto'
import type { Parameter, SessionState } from '@countersign/core/action'
import type { Duplex } from 'node:stream'
import { type Allowance, type Attempted, type HoldEnd, type Impacts, type Refusal, type Session, Skipped, type Target, type Verdict } from '../adapter.ts'
import { Approved } from './approved.ts'
import type { Batch } from './batch.ts'
import { definitionIn, definitionQuestion } from './catalog/definition.ts'
import type { LiveCatalog } from './catalog/live.ts'
import { RECORD } from './catalog/meaning.ts'
import { Standing } from './catalog/standing.ts'
import { type Classified, isLong, prepare } from './classify.ts'
import { differingIn } from './classify/differing.ts'
import type { Fencing } from './fence/fencing.ts'
import { ClientHold } from './hold.ts'
import { weigh } from './impact/impact.ts'
import type { Inbox, Message } from './inbox.ts'
import type { Names, Portal, Prepared } from './names.ts'
import { lookAhead, type Step } from './pipeline.ts'
import { actionOf, type Bound, looksUpLate, meant, namedBy, pipelineOf, read, type Reading, resets, settles, takesBack, unheldOf, usesOf } from './readable.ts'
import { statementError, statementFailure } from './refuse.ts'
import type { Replies } from './replies.ts'
import { holdLimit, OWN_ACCOUNT, sessionState, type Snapshot } from './state.ts'

export interface JudgingSides {
  /** Null where the session is logged in as the resource's credential. */
  readonly fencing: Pick<Fencing, 'role'> | null
  readonly client: Duplex
  readonly inbox: Inbox
  readonly target: Target
  readonly session: Session
  readonly replies: Replies
  readonly names: Names
  readonly catalog: LiveCatalog
}

/** Where the session stood when it was asked last. */
type Place = Pick<Snapshot, 'processId' | 'schemas' | 'literals'>

/** Reads a client's texts as the server will, and puts them before the session. */
export class Judging {
  readonly #sides: JudgingSides
  readonly #batch: Batch
  readonly #hold: ClientHold
  readonly #standing: Standing
  readonly #approved: Approved

  constructor(sides: JudgingSides, batch: Batch) {
    this.#sides = sides
    this.#batch = batch
    this.#hold = new ClientHold(sides.client)
    this.#approved = new Approved(sides.session)
    this.#standing = new Standing(sides.catalog, batch)
    sides.replies.watcher = this.#standing
  }

  /** Ends the wait of whoever is held; false when nobody is. */
  endHold(why: HoldEnd): boolean {
    return this.#hold.end(why)
  }

  /** What a text does, as far as its words say: nobody has asked the catalog what its names mean. */
  readByName(text: string): Reading {
    const { names, replies, catalog } = this.#sides
    return read(text, catalog.trusted, names, replies.stale ? null : replies.parameters)
  }

  /** Before anything long is read: its parsing would hold up every other connection. */
  prepare(text: string): Promise<void> {
    return prepare(text, { trusted: this.#sides.catalog.trusted })
  }

  /** What a text does, where that is known at once; else `read` asks. `declared` are the types that the client gave its parameters. */
  readNow(text: string, declared: readonly number[] = []): Reading | null {
    if (isLong(text)) return null
    const reading = this.readByName(text)
    return this.#standing.knows(usesOf(reading.classified)) ? this.#meant(reading, declared) : null
  }

  /** What a text does, after the catalog was asked. `failed` when the server could not answer, and the client has seen why. */
  async read(text: string, declared: readonly number[] = []): Promise<Reading | 'failed'> {
    await this.prepare(text)
    const reading = this.readByName(text)
    if (this.#willFail(reading)) return reading
    if (!(await this.#learn(reading))) return 'failed'
    const { classified } = this.readByName(text) // what is trusted may be known only now
    return this.#meant({ ...reading, classified }, declared)
  }

  /** The same of what came as no text. */
  async explain(reading: Reading): Promise<Reading | 'failed'> {
    if (this.#willFail(reading)) return reading
    return (await this.#learn(reading)) ? this.#meant(reading, []) : 'failed'
  }

  /** It may change what names mean, for itself and for everybody. */
  touches(classified: Classified): boolean {
    return resets(classified) || (this.#standing.changed && classified.statements.some(takesBack))
  }

  /** What is behind it is judged only when it is over. */
  settles(classified: Classified): boolean {
    return this.resets(classified) || this.touches(classified) || settles(classified)
  }

  /** It may change how texts are read. */
  resets(classified: Classified): boolean {
    return resets(classified) || (this.#sides.replies.rereads && classified.statements.some(takesBack))
  }

  /** What a prepared text does now: its names may stand for something else than when it was prepared. */
  resolveNow({ classified, types }: Prepared): Reading | null {
    return isUnreadable(classified) ? { classified, definitions: [] } : this.readNow(classified.canonical, types)
  }

  /** The same, after the catalog was asked. */
  async resolve({ classified, types }: Prepared): Promise<Reading | 'failed'> {
    return isUnreadable(classified) ? { classified, definitions: [] } : this.read(classified.canonical, types)
  }

  /** Another number once a portal that was judged before would run as something else. */
  get turn(): number {
    return this.#standing.turn
  }

  /** A portal that has not run yet is what it was judged as; null where the catalog has to be asked. */
  meansTheSame(portal: Portal): boolean | null {
    if (portal.turn !== this.turn) return false
    if (!looksUpLate(portal.classified) || isUnreadable(portal.classified)) return true
    const now = this.readNow(portal.classified.canonical, portal.types)
    return now && isSame(now, portal)
  }

  /** The same, after the catalog was asked. */
  async meansTheSameNow(portal: Portal): Promise<boolean | 'failed'> {
    const now = await this.read(portal.classified.canonical, portal.types)
    return now === 'failed' ? 'failed' : portal.turn === this.turn && isSame(now, portal)
  }

  /**
   * `message`: its Bind, with which others may come that are judged together. `failed`: the server could not answer our question about its state, and the
   * client has seen why.
   */
  decide(reading: Reading, parameters: readonly Parameter[], message: Message<'bind'> | null = null): Promise<Verdict | 'failed'> {
    return this.#sides.session.allow(unheldOf(reading, parameters), this.#batch.inTransaction) ?? this.#decide({ reading, parameters }, message)
  }

  /** A Bind whose turn it is: it may have been allowed with the one before. */
  decideBind(message: Message<'bind'>, reading: Reading, parameters: readonly Parameter[]): Promise<Verdict | 'failed'> {
    const approved = this.#approved.isEmpty ? null : this.#approved.take(message, unheldOf(reading, parameters))
    return approved ? Promise.resolve(approved) : this.decide(reading, parameters, message)
  }

  /** What was allowed together, and has not had its turn before the Sync, has none. */
  dropApproved(): void {
    this.#approved.drop()
  }

  async #decide(bound: Bound, message: Message<'bind'> | null): Promise<Verdict | 'failed'> {
    const { session, client, target } = this.#sides
    const batch = this.#batch
    let cancelDeadline = noop
    let failed = false
    let place: Place = { processId: 0, schemas: [], literals: '' }
    const steps = message && once(() => this.#lookAhead({ ...bound, message }, () => (failed = true)))
    const objectsOf = async (all: readonly Bound[]) => {
      const objects = await this.#objects(all, place)
      failed ||= objects === 'failed'
      if (objects === 'failed') throw new Skipped()
      return objects.digest
    }
    const impactOf = async (all: readonly Bound[], state: SessionState) => {
      const impacts = await this.#impact(all, state, place, () => (failed = true))
      if (failed) throw new Skipped()
      return impacts
    }
    const attempted: Attempted = {
      action: actionOf(bound.reading, bound.parameters),
      inTransaction: batch.inTransaction,
      state: async () => {
        const snapshot = await batch.snapshot()
        failed = snapshot === null
        if (snapshot === null) throw new Skipped()
        if (client.destroyed) throw new Skipped('ended', 'its client is gone, so it does not run')
        place = snapshot
        cancelDeadline() // it is asked again once somebody has decided
        cancelDeadline = this.#endHoldAfter(holdLimit(snapshot, batch.inTransaction, target.holdInTransactionMs))
        return sessionState(target, this.#sides.fencing?.role ?? null, snapshot)
      },
      impact: (state) => impactOf([bound], state),
      definition: async () => {
        const definition = await this.#definition(bound.reading, place.schemas)
        failed ||= definition === 'failed'
        if (definition === 'failed') throw new Skipped()
        return definition.digest
      },
      objects: () => objectsOf([bound]),
      differs: () => differingIn(bound.reading.classified.canonical),
      ...(steps && {
        pipeline: async () => {
          const all = await steps()
          return { action: pipelineOf(all), impact: (state) => impactOf(all, state), objects: () => objectsOf(all) }
        },
      }),
    }
    try {
      const verdict = await session.decide(attempted, this.#hold)
      if (verdict.effect === 'allow' && verdict.behind && steps) this.#approve(await steps(), verdict.behind)
      return failed ? 'failed' : verdict
    } finally {
      cancelDeadline()
      this.#hold.reset()
      if (client.destroyed) batch.discarding = true
    }
  }

  #approve([, ...behind]: readonly Step[], allowances: readonly Allowance[]): void {
    allowances.forEach((allowance, index) => {
      const step = behind[index]
      if (step) this.#approved.add(step.message, allowance, unheldOf(step.reading, step.parameters))
    })
  }

  #lookAhead(first: Step, onFailure: () => void): Promise<readonly Step[]> {
    const { inbox, names } = this.#sides
    return lookAhead(first, {
      inbox,
      names,
      signal: this.#hold.signal,
      settles: (classified) => this.settles(classified),
      readByName: async (text) => {
        await this.prepare(text)
        return this.readByName(text).classified
      },
      resolve: async (prepared) => {
        const reading = this.resolveNow(prepared) ?? (await this.resolve(prepared))
        if (reading !== 'failed') return reading
        onFailure()
        throw new Skipped()
      },
    })
  }

  /** In a failed transaction nothing is held: it could not run anyway. */
  errorFor(refusal: Refusal, { classified }: Reading): Uint8Array {
    const why = refusal.code === 'denied' ? classified.statements.find(({ because }) => because !== null)?.because : null
    if (this.#sides.replies.status !== 'E' || refusal.code !== 'ended') return statementError({ ...refusal, detail: refusal.detail ?? why ?? null })
    return statementFailure('25P02', 'current transaction is aborted, commands ignored until end of transaction block')
  }

  async #impact(bound: readonly Bound[], state: SessionState, { processId, schemas }: Place, onFailure: () => void): Promise<Impacts> {
    const { target, session, replies } = this.#sides
    const isRead = async (text: string) => {
      const counting = await this.read(text)
      if (counting === 'failed') onFailure()
      return counting !== 'failed' && counting.classified.type === 'sql:read'
    }
    const transaction = this.#batch.inTransaction ? processId : null
    const statements = bound.flatMap(({ reading, parameters }) => reading.classified.statements.map((statement) => ({ statement, parameters })))
    const role = state.role === OWN_ACCOUNT ? target.username : state.role
    return weigh(target, { statements, role, schemas, reported: replies.parameters, transaction, isRead }, session.signal)
  }

  /** False when the server could not say what the names mean, and the client has seen why. */
  async #learn({ classified }: Reading): Promise<boolean> {
    const uses = usesOf(classified)
    return this.#standing.knows(uses) || this.#standing.learn(uses)
  }

  /**
   * What others have committed is seen beside the session; what its transaction has changed only inside, where an older snapshot may hide what they have. Only where
   * both say the same is anything known.
   */
  async #definition({ classified }: Reading, schemas: readonly string[]): Promise<{ readonly digest: string | null } | 'failed'> {
    const uses = usesOf(classified)[0] ?? null
    const beside = await this.#sides.catalog.definition(uses, schemas)
    if (beside === null || !this.#batch.inTransaction) return { digest: beside }
    const rows = await this.#batch.question(...definitionQuestion(uses, schemas))
    return rows === null ? 'failed' : { digest: definitionIn(rows) === beside ? beside : null }
  }

  /** What all of their names stand for now, and how their literals are read, as one digest. Throws Skipped where one of them does something else by now than what is judged. */
  async #objects(all: readonly Bound[], { literals }: Place): Promise<{ readonly digest: string | null } | 'failed'> {
    const digests: (string | null)[] = []
    for (const { reading, parameters } of all) {
      const { statements } = reading.classified
      const uses = statements.flatMap((statement) => namedBy(statement) ?? [])
      if (!(await this.#standing.learn(uses, performance.now()))) return 'failed'
      const declared = parameters.map(({ type }) => type)
      const now = this.#meant(reading, declared).classified.statements
      if (now.some(({ type }, index) => type !== statements[index]?.type)) throw new Skipped('pending', `${OTHERS}, and does something else now`)
      digests.push(...uses.map((each) => this.#standing.objects(each)))
    }
    const digest = createHash('sha256')
      .update(JSON.stringify([literals, digests]))
      .digest('hex')
    return { digest: digests.includes(null) ? null : digest }
  }

  #meant(reading: Reading, declared: readonly number[]): Reading {
    const classified = meant(
      reading.classified,
      (uses, anyType) => this.#standing.judge(uses, anyType ? [...declared, RECORD] : declared),
      this.#standing.changed,
    )
    return classified === reading.classified ? reading : { ...reading, classified }
  }

  /** In a transaction that has failed the server runs one statement only where it ends it, and then it says nothing of its state either. */
  #willFail({ classified }: Reading): boolean {
    return this.#sides.replies.status === 'E' && !this.#batch.bound && classified.statements.length < 2
  }

  /** Null never ends it. */
  #endHoldAfter(ms: number | null): () => void {
    if (ms === null) return noop
    const timer = setTimeout(() => this.#hold.end('deadline'), ms)
    return () => clearTimeout(timer)
  }
}

const OTHERS = 'it did not run: what it names has changed since it was sent'

/** It was not parsed, and what it was is not asked again. */
function isUnreadable({ type, error }: Classified): boolean {
  return type === 'sql:unknown' && error !== null
}

const isSame = (now: Reading, { classified, definitions }: Portal) =>
  now.classified.type === classified.type && JSON.stringify(now.definitions) === JSON.stringify(definitions)

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null
  return () => (made ??= { value: make() }).value
}

function noop(): void {
  // nothing to undo
}

import { Cut, type Session } from '../../adapter.ts'
import type { Batch } from '../batch.ts'
import type { Classified } from '../classify.ts'
import { within } from '../within.ts'
import { Refused } from '../beside.ts'
import type { Replies } from '../replies.ts'
import type { Fencing } from './fencing.ts'
import { decodeInside, type Inside, insideOf, SCHEMAS } from './inside.ts'
import { grant, leftovers, name, namesOf, parts, revoke } from './membership.ts'
import { isNothing, NO_RIGHTS, type Objection, objection, type Rights, rightsFor, together } from './rights.ts'

/** Rights that are there for one run. */
interface Window {
  readonly run: string
  readonly rights: Rights
  /** The cursors that there were before: any other was opened with these rights, and would be read on with them. Null: nothing has been forwarded. */
  readonly cursors: readonly string[] | null
}

/** How long the gateway's account may take for one step, before nobody waits for it any more. */
const STEP_MS = 10_000

/**
 * The fence around one session: its role on the target has more than what stands only while a statement runs. What cannot be taken back, or is
 * not known to be, ends the session, and whoever made its role removes it.
 */
export class Fence {
  readonly #fencing: Fencing
  readonly #record: Session['rights']
  readonly #batch: Batch
  readonly #replies: Replies
  readonly #standing: Set<string>
  /** What the open transaction has had so far. */
  #used: Rights = NO_RIGHTS
  #lastRun = ''
  /** Rights that the target has taken back, while the session's own connection may still remember them. */
  #owed: Window | null = null
  #closing: Promise<void> | null = null
  #broken: Error | null = null
  readonly #over = Promise.withResolvers<never>()

  constructor(fencing: Fencing, session: Session, batch: Batch, replies: Replies) {
    this.#fencing = fencing
    this.#record = (changed) => session.rights(changed)
    this.#batch = batch
    this.#replies = replies
    this.#standing = new Set(fencing.standing)
    this.#over.promise.catch(() => undefined) // nobody may be there to hear it
  }

  /** Rejects with a Cut when the session must end, because its rights could not be taken back. */
  get over(): Promise<never> {
    return this.#over.promise
  }

  /** True when nothing needs to be waited for before the next message is looked at. */
  get isQuiet(): boolean {
    return this.#closing === null && this.#owed === null
  }

  /** Why a message cannot run behind a fence, whoever approves it. */
  objection(classified: Classified): Objection | null {
    return objection(classified, this.#fencing, this.#standing)
  }

  /** What has to be granted before this may be forwarded; null: nothing. */
  needs(classified: Classified): Rights | null {
    return this.#orNothing(rightsFor(classified, this.#fencing, this.#standing, this.#usedSoFar()))
  }

  /** What the end of an implicit transaction needs, with the run that it ends; null: nothing. */
  needsAtSync(): { readonly run: string; readonly rights: Rights } | null {
    const rights = this.#replies.status === 'I' ? this.#orNothing(this.#usedSoFar()) : null
    return rights && { run: this.#lastRun, rights }
  }

  /** What policy allows by itself to be read is readable for as long as the session lives. Resolves as `open` does. */
  async stand(run: string, rights: Rights): Promise<string | null> {
    const failure = await this.#grant(run, rights)
    if (failure !== null) return failure
    try {
      if ((await this.#batch.own(['DISCARD PLANS', insideOf(this.#fencing, rights)])) === null) return FAILED
    } catch (error) {
      return unheard(error)
    }
    for (const role of rights.roles) this.#standing.add(role)
    return null
  }

  /**
   * Everything before must have been answered. Resolves to why nothing may be forwarded, in words for the client, or to null: then forward what
   * is allowed at once, and call `close`.
   */
  async open(run: string, rights: Rights): Promise<string | null> {
    this.#lastRun = run
    const failure = await this.#grant(run, rights)
    if (failure !== null) return failure
    const window: Window = { run, rights, cursors: null }
    try {
      return await this.#enter(window)
    } catch (error) {
      this.#break(error)
      return UNSETTLED
    }
  }

  /** The message is on its way: takes the rights back as soon as it has been answered, without anybody waiting for it. */
  close(): void {
    const window = this.#owed
    if (!window) return
    this.#closing = this.#close(window)
      .catch((error: unknown) => this.#break(error))
      .finally(() => (this.#closing = null))
  }

  /** Resolves when nothing is left of rights that were open, or when it cannot be said yet because the transaction has failed. */
  async settled(): Promise<void> {
    await this.#closing
    if (this.#owed && !this.#broken) await this.#forget(this.#owed).catch((error: unknown) => this.#break(error))
    if (this.#broken) throw this.#broken
  }

  /** The transaction has failed, and until it is over the session's own connection may remember rights that are gone. */
  get isOwed(): boolean {
    return this.#owed !== null
  }

  async #grant(run: string, rights: Rights): Promise<string | null> {
    try {
      await this.#record({ run, effect: 'granted', roles: namesOf(rights) })
    } catch {
      return 'the ledger cannot be written, so no rights are granted'
    }
    const granted: Rights[] = []
    try {
      for (const part of parts(rights)) {
        await this.#beside(grant(this.#fencing, part))
        granted.push(part)
      }
      return null
    } catch (error) {
      return this.#notGranted(run, rights, granted, error)
    }
  }

  /** What the target refused has not happened; of anything else nobody knows. */
  async #notGranted(run: string, rights: Rights, granted: readonly Rights[], error: unknown): Promise<string> {
    try {
      if (!(error instanceof Refused)) throw error
      for (const part of granted) await this.#beside(revoke(this.#fencing, part))
      await this.#confirm(run, rights)
    } catch (also) {
      this.#break(also)
    }
    return `the rights that it needs could not be granted: ${messageOf(error)}`
  }

  /** The session's own connection takes note, and becomes the owner where it has to. */
  async #enter(window: Window): Promise<string | null> {
    const { rights } = window
    this.#owed = window
    const becomes = rights.owner === null ? [] : [SCHEMAS, `SET ROLE ${name(rights.owner)}`, SCHEMAS]
    const answers = await this.#batch.own(['DISCARD PLANS', insideOf(this.#fencing, rights), ...becomes]).catch(unheard)
    if (answers === null || typeof answers === 'string') return this.#leave(answers ?? FAILED)
    const [, inside, before, , after] = answers
    this.#owed = { ...window, cursors: decodeInside(inside).cursors }
    if (before !== after) return this.#leave(`names would mean something else to ${rights.owner}, because its own schema is in the search_path`)
    this.#used = together(this.#usedSoFar(), { ...rights, owner: null })
    return null
  }

  async #leave(why: string): Promise<string> {
    if (this.#owed) await this.#close(this.#owed)
    return why
  }

  async #close(window: Window): Promise<void> {
    await this.#replies.answered().catch(() => undefined) // a server that is gone runs nothing more
    await this.#revoke(window.run, window.rights)
    if (!this.#replies.isGone) await this.#forget(window)
  }

  async #revoke(run: string, rights: Rights): Promise<void> {
    await this.#beside(revoke(this.#fencing, rights))
    await this.#confirm(run, rights)
  }

  async #confirm(run: string, rights: Rights): Promise<void> {
    const left = await this.#beside(leftovers(this.#fencing, rights))
    if (left.length > 0) throw new Error(`${this.#fencing.role} is still a member of ${left.map(([role]) => role).join(', ')}`)
    await this.#record({ run, effect: 'revoked', roles: namesOf(rights) })
  }

  /**
   * Plans were made with the rights, and row security is part of a plan. What is left of the transaction may have been begun in the owner's role. A transaction
   * that has failed takes no such statements: then this is owed until it is over.
   */
  async #forget(window: Window): Promise<void> {
    await this.#batch.cancelled()
    const answers = await this.#insist(['SET ROLE NONE', 'DISCARD PLANS', insideOf(this.#fencing, window.rights)])
    if (answers === null) return
    const inside = decodeInside(answers[2])
    const opened = openedSince(window.cursors, inside.cursors)
    if (opened.length > 0) await this.#insist(opened.map((cursor) => `CLOSE ${name(cursor)}`))
    this.#check(inside)
    this.#owed = null
  }

  /**
   * Somebody on the target may cancel it, or a timeout of the session's own. Inside a transaction it is not asked again: what has been answered there would be undone, and nobody could
   * tell the client before it commits.
   */
  async #insist(texts: readonly string[]): ReturnType<Batch['own']> {
    const { inTransaction } = this.#batch
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#batch.own(texts)
      } catch (error) {
        if (inTransaction || attempt === ATTEMPTS) throw error
      }
    }
  }

  #check({ itself, has }: Inside): void {
    if (!itself) throw new Error('the session is no longer its own role')
    if (has.length > 0) throw new Error(`the session still counts as a member of ${has.join(', ')}`)
  }

  #beside(statement: string): ReturnType<Fencing['run']> {
    return within(STEP_MS, this.#fencing.run(statement), `no answer within ${STEP_MS / 1000} s`)
  }

  #break(error: unknown): void {
    this.#broken ??= new Cut('fence', `its rights on the target could not be taken back, so its account there is removed: ${messageOf(error)}`)
    this.#over.reject(this.#broken)
  }

  #usedSoFar(): Rights {
    if (!this.#batch.inTransaction) this.#used = NO_RIGHTS
    return this.#used
  }

  #orNothing(rights: Rights): Rights | null {
    return isNothing(rights) ? null : rights
  }
}

/** The unnamed portal is that of a COPY, of which nothing can be read on, and CLOSE cannot name it. */
const openedSince = (before: Window['cursors'], now: readonly string[]) => now.filter((cursor) => cursor !== '' && before?.includes(cursor) === false)

/** Of what has to be forgotten. */
const ATTEMPTS = 3

const FAILED = 'its transaction has failed'
const unheard = (error: unknown) => `its session could not take note of the rights that it needs: ${messageOf(error)}`

const UNSETTLED = 'its rights on the target are not known'

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

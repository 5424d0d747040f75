import type { Action } from '@countersign/core/action'
import type { Grant } from '@countersign/core/grant'
import { ceilingOf, type Request } from '@countersign/core/request'
import type { Attempted, Hold, Outcome } from '../adapters/adapter.ts'
import { voidGrant } from '../workflow/grants.ts'
import { voidNotice } from './notices.ts'
import type { Services } from './services.ts'

const CHANGED = 'what the statement touches is defined otherwise than when its shape was approved'
const NOT_KNOWN = 'how what the statement touches is defined could not be found out'

/** What one session does about approvals of shapes, besides judging by them: it finds out which of them hold no longer. */
export class Shapes {
  readonly #services: Services
  /** Why an approval of its shape does not cover what is decided now. */
  #voided: string | null = null
  /** Grants whose bound was passed, and how, that the store may not have heard of yet. */
  readonly #passed: { readonly id: string; readonly why: string }[] = []

  constructor(services: Services) {
    this.#services = services
  }

  /** Something else is decided from here on. */
  next(): void {
    this.#voided = null
  }

  /** Ends those of the grants whose tables are defined otherwise than when they were approved, and says so to the client. False when all of them hold. */
  async endVoid(attempted: Attempted, grants: readonly Grant[], hold: Hold): Promise<boolean> {
    const shapes = grants.flatMap(({ id, coverage }) => (coverage.kind === 'shape' ? [{ id, coverage }] : []))
    if (shapes.length === 0) return false
    const now = await attempted.definition()
    const stale = shapes.filter(({ coverage }) => coverage.definition !== now)
    const why = now === null ? NOT_KNOWN : CHANGED
    for (const { id } of stale) {
      await voidGrant(this.#services.context, id, why)
      hold.tell(voidNotice(id, why))
      this.#voided = `${id}: ${why}`
    }
    return stale.length > 0
  }

  /** With what its approval is bound to, and what a reviewer has to know of its shape: only where policy would let him approve that is it worth another question to the target. */
  async asked(action: Action, attempted: Attempted, request: Pick<Request, 'obligations'>): Promise<Action> {
    const [only, ...others] = action.statements
    const isShaped = only !== undefined && others.length === 0 && ceilingOf(request).kind !== 'once' && only.fingerprint !== null
    const differs = isShaped ? attempted.differs() : null
    const definition = differs === null ? null : await attempted.definition()
    const objects = await attempted.objects()
    return {
      ...action,
      ...(objects === null ? {} : { objects }),
      ...(definition === null || differs === null ? {} : { definition, differs }),
      ...(this.#voided === null ? {} : { voided: this.#voided }),
    }
  }

  /** A statement under these grants is over. It may have touched more rows than it was counted to, because others changed rows in between. */
  ran(grants: readonly Grant[], { rows }: Pick<Outcome, 'rows'>): void {
    for (const { id, coverage } of grants) {
      const most = coverage.kind === 'shape' ? coverage.maxRows : null
      if (rows !== null && most !== null && rows > most) this.#passed.push({ id, why: `a statement under it touched ${rows} rows, and its bound is ${most}` })
    }
    if (this.#passed.length > 0) this.endPassed().catch((error: unknown) => this.#services.onError(error))
  }

  /** Nothing is allowed under a grant before this resolves. Rejects while the store does not answer. */
  async endPassed(): Promise<void> {
    for (let first = this.#passed[0]; first; first = this.#passed[0]) {
      await voidGrant(this.#services.context, first.id, first.why)
      if (this.#passed[0] === first) this.#passed.shift()
    }
  }
}

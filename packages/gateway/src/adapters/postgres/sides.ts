import type { Duplex } from 'node:stream'
import type { Session, Target } from '../adapter.ts'
import type { Batch } from './batch.ts'
import type { LiveCatalog } from './catalog/live.ts'
import type { Fencing } from './fence/fencing.ts'
import type { Guard } from './fence/guard.ts'
import type { Inbox } from './inbox.ts'
import type { Judging } from './judging.ts'
import type { Names } from './names.ts'
import type { Refusing } from './refusing.ts'
import type { Replies } from './replies.ts'
import type { Upstream } from './upstream.ts'

/** Both sides of a connection, and what is known of what goes on between them. */
export interface Sides {
  readonly client: Duplex
  readonly inbox: Inbox
  readonly upstream: Upstream
  readonly target: Target
  readonly session: Session
  readonly replies: Replies
  readonly names: Names
  readonly catalog: LiveCatalog
  /** Null: the session has all the rights that it will ever have. */
  readonly fencing: Fencing | null
}

/** What the simple and the extended protocol judge, refuse and forward with. */
export interface Desk {
  readonly sides: Sides
  readonly batch: Batch
  readonly judging: Judging
  readonly refusing: Refusing
  /** Null: no right of the session comes and goes. */
  readonly guard: Guard | null
}

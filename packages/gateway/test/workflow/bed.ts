import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Action, Statement } from '@countersign/core/action'
import type { Principal } from '@countersign/core/principal'
import { NO_FACTS } from '@countersign/core/action'
import { NO_OBLIGATIONS } from '@countersign/core/obligations'
import { parseEntry } from '@countersign/ledger/entry'
import { eventsOf } from '@countersign/ledger/group'
import { Directory } from '../../src/identity/directory.ts'
import type { Caller } from '../../src/identity/caller.ts'
import { type LocalJournal, openJournal } from '../../src/journal/open.ts'
import { readJournal } from '../../src/journal/read.ts'
import type { Clock } from '../../src/clock.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import type { Context } from '../../src/workflow/context.ts'
import { Owed } from '../../src/journal/owed.ts'
import type { Opening } from '../../src/workflow/requests.ts'
import { expect } from 'vitest'
import { ALICE, CONFIG, engineOf } from '../policy/fixture.ts'

export { ALICE }
export const BOB: Principal = { user: 'bob@example.com', agent: null, groups: ['dba'] }
export const BOB_CALLS: Caller = {
  principal: BOB,
  admin: false,
  mayReview: true,
  proven: true,
  auditor: false,
  by: { kind: 'token', id: 'tok-bob', scope: null, endsAt: Number.MAX_SAFE_INTEGER },
}

export const POLICY = `
@id("reads") permit (principal, action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") @expires("5m") permit (principal, action == Action::"sql:write", resource);
`

/** A clock that stands still until a test moves it. */
export class HandClock implements Clock {
  wall = Date.UTC(2026, 10, 1, 12)
  steady = 1_000

  now(): number {
    return this.wall
  }

  monotonic(): number {
    return this.steady
  }

  /** Time passes. */
  pass(ms: number): void {
    this.wall += ms
    this.steady += ms
  }

  /** Somebody sets the clock; no time passes. */
  set(by: number): void {
    this.wall += by
  }
}

/** What the workflow works with: a real store and a real journal in a folder of this test's own, real policies, a clock set by hand. */
export interface Bed {
  readonly context: Context & { readonly store: Store; readonly directory: Directory; readonly journal: LocalJournal }
  readonly clock: HandClock
  readonly folder: string
  /** The types and bodies of the entries written so far. */
  entries(): Promise<readonly { readonly type: string; readonly body: Readonly<Record<string, unknown>> }[]>
  close(): Promise<void>
}

export async function openBed(policy: string = POLICY): Promise<Bed> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bed-'))
  const clock = new HandClock()
  const store = await openStore({ store: { kind: 'sqlite' }, data: folder })
  const journal = await openJournal({ directory: folder, clock: () => clock.now() })
  const engine = engineOf(policy)
  const owed = new Owed({ store: store.owed, journal, directory: folder, onError: (error) => expect.unreachable(String(error)) })
  const context = {
    config: { ...CONFIG, data: folder },
    directory: new Directory(CONFIG, store, () => clock.now()),
    store,
    journal,
    owed,
    clock,
    policy: () => engine,
    plan: () => Promise.reject(new Error('nothing is asked for ahead here')),
  }
  return {
    context,
    clock,
    folder,
    entries: async () => {
      const read = []
      for await (const line of readJournal(folder, journal.gateway)) {
        for (const { type, body } of eventsOf(parseEntry(Buffer.from(line).toString('utf8')))) read.push({ type, body })
      }
      return read
    },
    close: async () => {
      await owed.stop()
      await journal.close()
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export const WRITE: Statement = { type: 'sql:write', fingerprint: 'f1', facts: { ...NO_FACTS, unbounded: false } }

export function aWrite(text = 'DELETE FROM orders WHERE id = 7'): Action {
  const state = { database: 'orders', role: 'app', searchPath: 'public', standardConformingStrings: 'on', clientEncoding: 'UTF8' }
  return { type: 'sql:write', text, parameters: [], statements: [WRITE], state }
}

/** Alice wants a write that one of dba must approve. */
export function anOpening(over: Partial<Opening> = {}): Opening {
  return {
    requester: ALICE,
    resource: 'orders',
    ask: { kind: 'action', digest: 'd1', action: aWrite() },
    need: [[{ policy: 'writes', groups: ['dba'], quorum: 1 }]],
    policies: ['writes'],
    obligations: { ...NO_OBLIGATIONS, expiresMs: 300_000 },
    reason: null,
    ticket: null,
    session: null,
    inTransaction: false,
    ...over,
  }
}

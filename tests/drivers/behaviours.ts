import { setTimeout as sleep } from 'node:timers/promises'
import type { Stage } from '../support/stage.ts'

/** One row of docs/drivers.md: what a client does through the gateway, and what must come out of it in every client. */
export interface Behaviour {
  readonly title: string
  /** What comes out of it, exactly. */
  readonly reports: unknown
  /** Runs it where somebody else has a part in it. */
  watch?(stage: Stage, seat: Seat): Promise<unknown>
}

/** A client at work. Runs behaviours by name, each on connections of its own; `held SQL` runs one statement in `reviewed`. */
export interface Seat {
  /** Rejects when the client fails in a way that the behaviour does not speak of. */
  run(behaviour: string): Promise<unknown>
  /** Breaks off what runs, without a goodbye. */
  vanish(): Promise<void>
  close(): Promise<void>
}

/** As every client must give and get them back; bytes in hexadecimal, time in UTC. */
export const VALUES = {
  int: 42,
  big: '9007199254740993',
  numeric: '12345678901234567890.125',
  text: "it's ünïcode 😀",
  nothing: null,
  at: '2026-11-23T12:34:56.789Z',
  flag: true,
  bytes: '00ff10275c',
  json: { a: [1, null, 'x'] },
}

export const ARRAYS = { ints: [1, null, 3], texts: ['a', 'b,"c', null] }

const heldStatement = (id: number) => `UPDATE orders SET status = 'paid' WHERE id = ${id}`

/** The one request that waits for bob on the resource whose writes are held. */
async function waiting({ bob }: Stage): Promise<string> {
  for (;;) {
    const request = (await bob.api.requests({ inbox: true })).find(({ resource }) => resource === 'reviewed')
    if (request) return request.id
    await sleep(20)
  }
}

/** What the client reports, and how often the target ran a statement meanwhile. */
async function counted(stage: Stage, work: () => Promise<unknown>): Promise<unknown> {
  const before = await stage.runs()
  const report = await work()
  return { ...(report as object), runs: (await stage.runs()) - before }
}

/** Three rows that a client writes in `reviewed` with one round trip: 101, 102 and 103. */
export const HELD_BATCH = 'heldBatch'

/** What the client reports of it, how many requests it took, of how many statements, and the rows that are there afterwards. */
async function batch(stage: Stage, seat: Seat, decide: (id: string) => Promise<unknown>): Promise<unknown> {
  const before = (await stage.bob.api.requests()).length
  const running = seat.run(HELD_BATCH)
  const id = await waiting(stage)
  const { ask } = await stage.bob.api.request({ id })
  await decide(id)
  const report = await running
  const requests = (await stage.bob.api.requests()).length - before
  const written = await stage.ask('DELETE FROM batched WHERE n > 100 RETURNING n')
  return { ...(report as object), requests, statements: ask.kind === 'action' ? ask.statements.length : null, written }
}

export const BEHAVIOURS = {
  scram: { title: 'connects by SCRAM without TLS, and shows a wrong token as such', reports: { answer: 42, wrong: 'told' } },
  tls: { title: 'connects over TLS', reports: { answer: 42 } },
  verified: { title: 'connects with `verify-full`; refuses a certificate it does not trust', reports: { answer: 42, stranger: 'refused' } },
  text: { title: 'values as text: numbers, times, bytes, JSON, NULL', reports: VALUES },
  binary: { title: 'the same values in binary', reports: VALUES },
  arrays: { title: 'arrays with NULL in them', reports: ARRAYS },
  cursor: { title: 'reads in portions, and stops half-way', reports: { rows: 1000, last: 1000, early: 10, answer: 42 } },
  batch: { title: 'a batch of writes', reports: { written: 20, sum: 210 } },
  pipeline: { title: 'a pipeline, with an error inside', reports: { before: 50, failed: '22012', after: 50 } },
  copyOut: { title: '`COPY TO`', reports: { rows: 50_000, first: '1\ta', last: '50000\ta' } },
  copyIn: { title: '`COPY FROM`', reports: { rows: 20_000, answer: 42 } },
  copyRefused: { title: '`COPY FROM` with data that is refused', reports: { failed: '22P02', answer: 42 } },
  cancel: { title: 'cancels what runs', reports: { failed: '57014', answer: 42 } },
  listen: { title: '`LISTEN` and `NOTIFY`', reports: { channel: 'news', payload: 'from another' } },
  notice: { title: 'notices', reports: { notices: ['hello'] } },
  error: {
    title: 'an error with its fields',
    reports: {
      code: '23514',
      message: 'new row for relation "checked" violates check constraint "positive"',
      table: 'checked',
      constraint: 'positive',
      detail: true,
    },
  },
  transaction: { title: 'transactions and savepoints', reports: { failed: '23514', aborted: '25P02', kept: [1, 2] } },
  prepared: { title: 'statements prepared on the server', reports: { answers: [0, 1, 2, 3, 4, 5, 6, 7], prepared: true } },
  largeObject: { title: 'large objects by SQL functions', reports: { read: '00ff10', gone: true } },
  largeObjectCalls: { title: "large objects by the client's own calls", reports: { read: '00ff10', gone: true } },
  approved: {
    title: 'a held write that is approved',
    reports: { rows: 1, failed: null, answer: 42, runs: 1 },
    watch: (stage, seat) =>
      counted(stage, async () => {
        const running = seat.run(`held ${heldStatement(1)}`)
        await stage.bob.api.approve({ id: await waiting(stage) })
        return running
      }),
  },
  denied: {
    title: 'a held write that is denied; the session goes on',
    reports: { rows: null, failed: '42501', answer: 42, runs: 0 },
    watch: (stage, seat) =>
      counted(stage, async () => {
        const running = seat.run(`held ${heldStatement(2)}`)
        await stage.bob.api.deny({ id: await waiting(stage), comment: 'not today' })
        return running
      }),
  },
  batchApproved: {
    title: 'a held batch of three writes: one request, approved',
    reports: { rows: 3, failed: null, answer: 42, requests: 1, statements: 3, written: [101, 102, 103] },
    watch: (stage, seat) => batch(stage, seat, (id) => stage.bob.api.approve({ id })),
  },
  batchDenied: {
    title: 'the same, denied: nothing of it runs',
    reports: { rows: null, failed: '42501', answer: 42, requests: 1, statements: 3, written: [] },
    watch: (stage, seat) => batch(stage, seat, (id) => stage.bob.api.deny({ id, comment: 'not today' })),
  },
  resumed: {
    title: 'a held write whose client vanished, run again after its approval',
    reports: { rows: 1, failed: null, answer: 42, runs: 1 },
    watch: (stage, seat) =>
      counted(stage, async () => {
        const broken = seat.run(`held ${heldStatement(3)}`).catch(() => 'broken')
        const id = await waiting(stage)
        const { session } = await stage.bob.api.request({ id })
        await seat.vanish()
        await broken
        while ((await stage.alice.api.sessions({ live: 'true' })).some((each) => each.id === session)) await sleep(20)
        await stage.bob.api.approve({ id })
        return seat.run(`held ${heldStatement(3)}`)
      }),
  },
} as const satisfies Record<string, Behaviour>

export type BehaviourName = keyof typeof BEHAVIOURS

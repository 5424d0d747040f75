import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Change } from '@countersign/contract/schemas/change'
import { UNANSWERED } from '../../src/adapters/adapter.ts'
import { type Drain, drainInto } from '../../src/journal/drain.ts'
import { eraseKeys, peopleIn } from '../../src/journal/people.ts'
import { SigningKey } from '../../src/ledger/signing-key.ts'
import { finishedBody } from '../../src/session/events.ts'
import { aSession } from '../store/values.ts'
import { type Bed, openBed } from './bed.ts'

let bed: Bed
let drain: Drain
beforeEach(async () => {
  bed = await openBed()
  const { journal, store } = bed
  const key = new SigningKey(generateKeyPairSync('ed25519').privateKey)
  drain = drainInto({ store: { kind: 'sqlite' }, data: journal.directory }, journal, key, { onRan: (requests) => store.runs.announce(requests) })
})
afterEach(async () => {
  await drain.stop()
  await bed.close()
})

/** A request of Alice's that Bob has approved. */
async function approved(): Promise<string> {
  const { request } = await bed.client('alice').ask({ resource: 'orders-db', action: 'DELETE FROM orders' })
  await bed.client('bob').approve({ id: request.id })
  return request.id
}

const starts = (request: string, run: string) =>
  bed.journal.append(
    {
      type: 'action.started',
      body: { run, session: 'ses-1', action: 'sql:write', grants: ['grant-1'], requests: [request] },
      secret: { text: 'DELETE FROM orders' },
    },
    'process',
  )

type Ended = Partial<Pick<Parameters<typeof finishedBody>[0], 'result' | 'summary' | 'rows' | 'ms'>>

function ends(run: string, outcome: Ended, error: string | null = null, person: string | null = null): void {
  const body = finishedBody({ ...UNANSWERED, run, result: 'done', summary: 'DELETE 3', sent: null, ...outcome }, 'ses-1')
  bed.journal.join({ type: 'action.finished', body, secret: error === null ? null : JSON.stringify({ error }), person })
}

/** What Bob is shown, once all of it is in the store. */
async function shown(request: string, person: 'alice' | 'bob' | 'root' | 'olga' = 'bob') {
  await bed.journal.sync()
  await drain.flush()
  return (await bed.client(person).requestContext({ id: request })).runs
}

describe('what ran under an approval', () => {
  test('nothing, then that it runs, then what it did', async () => {
    const id = await approved()
    expect(await shown(id)).toEqual({ count: 0, latest: [] })
    await starts(id, 'ses-1.1')
    const running = { run: 'ses-1.1', session: 'ses-1', gateway: bed.journal.gateway, action: 'sql:write', result: 'running', summary: null, endedAt: null }
    expect(await shown(id)).toMatchObject({ count: 1, latest: [running] })
    ends('ses-1.1', { rows: 3, ms: 12.5 })
    const done = { result: 'done', summary: 'DELETE 3', rows: 3, ms: 12.5, error: null, sealed: false, endedAt: expect.any(String) }
    for (const person of ['alice', 'bob', 'root', 'olga'] as const)
      expect(await shown(id, person)).toMatchObject({ count: 1, latest: [{ ...running, ...done }] })
  })

  test('an error, with its code and what the target said', async () => {
    const id = await approved()
    await starts(id, 'ses-1.1')
    ends('ses-1.1', { result: 'failed', summary: '23503' }, 'a row of \u202epayments needs it')
    expect(await shown(id)).toMatchObject({ latest: [{ result: 'failed', summary: '23503', error: 'a row of \u202epayments needs it', sealed: false }] })
  })

  test('that nobody knows what became of it, said by the ledger, or by a session that is over without an outcome', async () => {
    const id = await approved()
    await bed.store.sessions.insert(aSession({ id: 'ses-1', startedAt: Date.now() - 120_000 }))
    for (const run of ['ses-1.1', 'ses-1.2']) await starts(id, run)
    ends('ses-1.1', { result: 'unknown', summary: 'the gateway ended before the outcome was known' })
    const lost = { result: 'unknown', summary: 'the gateway ended before the outcome was known' }
    expect(await shown(id)).toMatchObject({ count: 2, latest: [{ run: 'ses-1.2', result: 'running' }, lost] })
    await bed.store.sessions.save(aSession({ id: 'ses-1', version: 2, startedAt: Date.now() - 120_000, endedAt: Date.now() - 90_000 }))
    expect(await shown(id)).toMatchObject({
      latest: [{ run: 'ses-1.2', result: 'unknown', summary: expect.stringContaining('no outcome was recorded') }, lost],
    })
  })

  test('the newest twenty of many, and how many there were; and only its own', async () => {
    const [id, other] = [await approved(), await approved()]
    for (let run = 1; run <= 30; run++) {
      await starts(run % 6 === 0 ? other : id, `ses-1.${run}`)
      ends(`ses-1.${run}`, { summary: `DELETE ${run}` })
    }
    const { count, latest } = await shown(id)
    expect([count, latest.length, latest.filter(({ result }) => result === 'done').length]).toEqual([25, 20, 20])
    expect(new Set((await shown(other)).latest.map(({ summary }) => summary))).toEqual(new Set([6, 12, 18, 24, 30].map((rows) => `DELETE ${rows}`)))
  })

  test('what the target said of personal data is shown to nobody once that is erased; that it failed still is', async () => {
    const id = await approved()
    await starts(id, 'ses-1.1')
    ends('ses-1.1', { result: 'failed', summary: '22P02' }, 'not a number: "alice was born in 1815"', 'alice')
    expect(await shown(id)).toMatchObject({ latest: [{ error: 'not a number: "alice was born in 1815"' }] })
    const { directory } = bed.journal
    bed.journal.forget(eraseKeys(directory, peopleIn(directory)))
    for (const person of ['alice', 'bob', 'root', 'olga'] as const)
      expect(await shown(id, person)).toMatchObject({ latest: [{ result: 'failed', summary: '22P02', error: null, sealed: true }] })
  })

  test('and the sessions that its grant opened, the newest first', async () => {
    const id = await approved()
    const [grant] = (await bed.client('bob').requestContext({ id })).grants
    for (const [index, session] of ['ses-1', 'ses-2'].entries())
      await bed.store.sessions.insert(aSession({ id: session, grant: grant?.id ?? null, startedAt: Date.now() + index }))
    await bed.store.sessions.insert(aSession({ id: 'ses-3', grant: 'another' }))
    expect((await bed.client('bob').requestContext({ id })).opened.map((session) => session.id)).toEqual(['ses-2', 'ses-1'])
  })

  test('what somebody wrote into the store without an entry behind it is not believed', async () => {
    const id = await approved()
    await starts(id, 'ses-1.1')
    ends('ses-1.1', {})
    await shown(id)
    const place = { request: id, gateway: bed.journal.gateway, at: Date.now(), outcome: null, isOver: false }
    await bed.store.ledger.append([], null, [
      { ...place, run: 'ses-1.2', started: 1 },
      { ...place, run: 'ses-1.3', started: 999 },
    ])
    expect(await shown(id)).toMatchObject({ count: 3, latest: [{ run: 'ses-1.1', result: 'done' }] })
  })

  test('is told at once to those who may see the request, and to nobody else', async () => {
    const id = await approved()
    const follow = async (person: 'bob' | 'carol') => {
      const seen: Change[] = []
      const before = bed.readers()
      const stream = bed.client(person).events({})
      const first = stream.next()
      await expect.poll(() => bed.readers()).toBeGreaterThan(before)
      void (async () => {
        for (let next = await first; !next.done; next = await stream.next()) seen.push(next.value)
      })().catch(() => undefined)
      return seen
    }
    const [bob, carol] = [await follow('bob'), await follow('carol')]
    await starts(id, 'ses-1.1')
    await expect.poll(() => bob).toEqual([{ kind: 'run', request: id }])
    ends('ses-1.1', {})
    await expect
      .poll(() => bob)
      .toEqual([
        { kind: 'run', request: id },
        { kind: 'run', request: id },
      ])
    expect(carol).toEqual([])
    await expect(bed.client('carol').requestContext({ id })).rejects.toMatchObject({ status: 404 })
  })
})

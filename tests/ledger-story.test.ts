import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Entry } from '@countersign/ledger/entry'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { countersign, entriesOf, secretsIn, verify } from './support/ledger.ts'
import { lacks } from './support/needs.ts'
import { POLICY } from './support/replicas.ts'
import { held, openStage, type Stage } from './support/stage.ts'

describe.skipIf(lacks('psql'))('the ledger of a story', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY })
  })

  afterAll(() => stage?.close())

  const entries = () => entriesOf(stage.gateway.data)
  const about = (id: string | null, of: readonly Entry[]) =>
    of.filter(({ body }) => Object.values(body).some((value) => value === id || (Array.isArray(value) && value.includes(id))))

  it('has every step of a held, approved and run statement, in this order, before its bytes are forwarded', async () => {
    const { alice, bob } = stage
    const session = alice.psql()
    // The target says at the moment of running what the ledger had by then.
    session.type("UPDATE orders SET status = pg_sleep(1)::text || 'paid' WHERE id = 1;")
    const id = await held(session)
    expect(about(id, entries()).map(({ type }) => type)).toEqual(['request.opened', 'action.decided'])
    await bob.api.approve({ id, comment: 'yes' })
    await vi.waitFor(async () =>
      expect(await stage.ask("SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'UPDATE orders%'")).toHaveLength(1),
    )
    const whileRunning = entries()
    await session.next(/UPDATE 1\n/)
    await session.quit()
    const grant = whileRunning.find(({ type, body }) => type === 'grant.issued' && body['request'] === id)?.body['grant']
    const steps = whileRunning.filter(
      ({ body }) => body['request'] === id || body['grant'] === grant || JSON.stringify(body['requests'] ?? null) === JSON.stringify([id]),
    )
    expect(steps.map(({ type }) => type)).toEqual([
      'request.opened',
      'action.decided',
      'request.reviewed',
      'request.approved',
      'grant.issued',
      'grant.used',
      'action.started',
    ])
    const run = steps.at(-1)?.body['run']
    await vi.waitFor(() =>
      expect(entries().find(({ type, body }) => type === 'action.finished' && body['run'] === run)).toMatchObject({
        body: { result: 'done', summary: 'UPDATE 1', rows: 1 },
      }),
    )
  })

  it('says how much was answered and how long it took, and seals what the target said of a failure', async () => {
    const session = stage.alice.psql()
    session.type("SELECT repeat('x', 1000) FROM generate_series(1, 3), pg_sleep(0.1);")
    await session.next(/(x{1000}\s+){3}/)
    session.type("SELECT 'of nobody else'::int;")
    await session.next(/ERROR/)
    await session.quit()
    const finished = () => entries().filter(({ type, body }) => type === 'action.finished' && body['session'] === finishedLast()?.body['session'])
    const finishedLast = () => entries().findLast(({ type }) => type === 'session.started')
    await vi.waitFor(() => expect(finished()).toHaveLength(2))
    const [slept, failed] = finished().map(({ body }) => body)
    expect(slept).toMatchObject({ result: 'done', rows: 3 })
    expect(Number(slept?.['bytes'])).toBeGreaterThan(3_000)
    expect(Number(slept?.['ms'])).toBeGreaterThanOrEqual(100)
    expect(failed).toMatchObject({ result: 'failed', summary: '22P02', bytes: 0 })
    expect(JSON.stringify(failed)).not.toContain('nobody')
    expect(secretsIn(stage.gateway.data).map(({ error }) => error)).toContain('invalid input syntax for type integer: "of nobody else"')
  })

  it('has who came and went, and what was refused, denied, withdrawn and killed', async () => {
    const { alice, bob, erin } = stage
    const leaving = alice.psql()
    leaving.type('DELETE FROM orders WHERE id = 3;')
    const withdrawn = await held(leaving)
    leaving.interrupt()
    await leaving.next(/withdrawn/)
    await leaving.quit()
    await vi.waitFor(async () => expect(await erin.api.sessions({ live: true })).toEqual([]))
    const session = alice.psql()
    session.type('CREATE TABLE never (id int);')
    await session.next(/ERROR: {2}no policy permits/)
    session.type('DELETE FROM orders WHERE id = 2;')
    const denied = await held(session)
    await bob.api.deny({ id: denied, comment: 'no' })
    await session.next(/denied by bob/)
    const [live] = await erin.api.sessions({ live: true })
    await erin.api.kill({ id: live?.id ?? '', reason: 'over' })
    session.type('SELECT 1;')
    await session.next(/FATAL/)
    await session.quit()
    await vi.waitFor(() => expect(entries().filter(({ type, body }) => type === 'session.ended' && body['session'] === live?.id)).toHaveLength(1))

    const types = (id: string | undefined) => about(id ?? '', entries()).map(({ type }) => type)
    expect(types(denied)).toEqual(['request.opened', 'action.decided', 'request.reviewed', 'request.denied'])
    expect(types(withdrawn)).toEqual(['request.opened', 'action.decided', 'request.withdrawn'])
    expect(types(live?.id).filter((type) => type.startsWith('session.'))).toEqual(['session.started', 'session.killed', 'session.ended'])
    await vi.waitFor(() => expect(types(live?.grant ?? '')).toEqual(['grant.issued', 'session.started', 'grant.ended']))
    expect(entries().filter(({ type, body }) => type === 'action.decided' && body['effect'] === 'deny' && body['session'] === live?.id)).toHaveLength(1)
    expect(entries().slice(0, 2)).toMatchObject([
      { type: 'gateway.enrolled', body: { key: expect.stringMatching(/^[\w+/]{43}=$/) } },
      { type: 'gateway.started' },
    ])
    expect(entries().filter(({ type }) => type === 'token.created')).toHaveLength(5)
  })

  it('holds no text of any statement, parameter, reason or comment', () => {
    const folder = join(stage.gateway.data, 'journal')
    const written = readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('')
    expect(written).not.toMatch(/pg_sleep|UPDATE orders|"yes"|DELETE FROM/)
  })

  it.each([
    ['altered', (lines: string[]) => lines.with(4, (lines[4] ?? '').replace(/"at":\d/, '"at":9')), 5],
    ['removed', (lines: string[]) => lines.toSpliced(6, 1), 8],
    ['moved', (lines: string[]) => [...lines.slice(0, 7), ...lines.slice(8, 9), ...lines.slice(7, 8), ...lines.slice(9)], 9],
  ])('an entry that was %s is found and named', async (_, edit, seq) => {
    expect(await verify(stage.gateway.data)).toMatchObject({ ok: true })
    const copy = mkdtempSync(join(tmpdir(), 'countersign-edited-'))
    try {
      for (const part of ['journal', 'keys']) cpSync(join(stage.gateway.data, part), join(copy, part), { recursive: true })
      const [name] = readdirSync(join(copy, 'journal'))
      const file = join(copy, 'journal', name ?? '')
      writeFileSync(file, edit(readFileSync(file, 'utf8').split('\n')).join('\n'))
      const { ok, chains } = await verify(copy)
      expect(ok).toBe(false)
      expect(chains[0]?.bad?.seq).toBeGreaterThanOrEqual(seq - 1)
      expect(chains[0]?.bad?.seq).toBeLessThanOrEqual(seq + 1)
      const { code, stdout } = await countersign(['ledger', 'verify', '--data', copy])
      expect(code).toBe(1)
      expect(stdout).toMatch(
        new RegExp(`entry ${chains[0]?.bad?.seq} is bad \\(\\w[\\w-]*\\): .*\n.*${name}:\\d+; the ${chains[0]?.entries ?? 0} entries before it are good`),
      )
    } finally {
      rmSync(copy, { recursive: true, force: true })
    }
  })
})

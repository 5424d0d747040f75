import type { Request } from '@countersign/contract/schemas/request'
import { bind as bindMessage, execute, flush, parse, query, sync } from '@countersign/wire/postgres/encode'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entries, leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'
import { cancel, RawClient, tell } from './support/wire.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("changes") @review("dba") @grants("10m")
permit (principal in Group::"engineering", action in [Action::"sql:write", Action::"sql:ddl", Action::"sql:unknown"], resource);
@id("no-where") @message("UPDATE or DELETE without a WHERE") forbid (principal, action == Action::"sql:write", resource) when { context.unbounded };
`
const INSERT = 'INSERT INTO orders VALUES ($1, $2)'

const bind = (statement = '', values: readonly string[] = []) =>
  bindMessage({ portal: '', statement, formats: [], values: values.map((value) => Buffer.from(value)), resultFormats: [] })
/** Parse, Bind and Execute without a name. */
const run = (sql: string, values: readonly string[] = []) => [parse('', sql), bind('', values), execute('')]
const insert = (id: number) => run(INSERT, [String(id), 'new'])

/** What the client sees of each. */
const INSERTED = ['parseComplete', 'bindComplete', 'complete INSERT 0 1']
const READ = ['parseComplete', 'bindComplete', 'row 1', 'complete SELECT 1']

describe.each([18, 15] as const)('a pipeline that needs a review, on PostgreSQL %i', (version) => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, version })
  })

  afterAll(() => stage?.close())

  async function fresh<T>(use: (own: RawClient) => Promise<T>): Promise<T> {
    const own = await RawClient.login(stage.gateway.postgres, stage.alice)
    try {
      return await use(own)
    } finally {
      own.close()
      await stage.ask('DELETE FROM orders WHERE id > 100')
    }
  }
  const there = () => stage.ask('SELECT id FROM orders WHERE id > 100 ORDER BY id')
  const inbox = () => stage.bob.api.requests({ inbox: true })

  /** The request that the client is told of, and what came before. */
  async function held(own: RawClient): Promise<{ readonly request: Request; readonly before: readonly string[] }> {
    const before: string[] = []
    for (;;) {
      const told = await own.told()
      const [, id] = /^notice 00000 held (req-\w+):/.exec(told) ?? []
      if (id !== undefined) return { request: await stage.bob.api.request({ id }), before }
      before.push(told)
      if (told.startsWith('ready') || told === 'the end') throw new Error(`nothing is held, but: ${before.join(', ')}`)
    }
  }
  /** Each with its values, as the reviewer is shown them. */
  const listed = ({ ask }: Request) =>
    ask.kind === 'action' ? ask.statements.map(({ text, parameters }) => [text, ...parameters.map(({ value }) => value)].join(' ')) : []
  const rest = async (own: RawClient) => (await own.until(0x5a)).map(tell).filter((told) => !told.startsWith('notice'))

  it('is one request with every statement and its values, and runs once when that is approved', () =>
    fresh(async (own) => {
      own.send(...insert(101), ...run('SELECT 1'), ...insert(102), sync())
      const { request, before } = await held(own)
      expect(before).toEqual(['parseComplete'])
      expect(request.ask).toMatchObject({
        type: 'sql:write',
        pipeline: true,
        parameters: [],
        statements: [
          { type: 'sql:write', text: INSERT, parameters: [{ value: '101' }, { value: 'new' }], tables: ['orders'] },
          { type: 'sql:read', text: 'SELECT 1', parameters: [], impact: null },
          { type: 'sql:write', text: INSERT, parameters: [{ value: '102' }, { value: 'new' }], tables: ['orders'] },
        ],
      })
      expect(await there()).toEqual([])
      await stage.bob.api.approve({ id: request.id })
      expect(await rest(own)).toEqual([...INSERTED.slice(1), ...READ, ...INSERTED, 'ready I'])
      expect(await there()).toEqual([101, 102])
      expect(await inbox()).toEqual([])
    }))

  it('runs what policy allows before the first that is held, and refuses all the rest with one error when that is denied', () =>
    fresh(async (own) => {
      own.send(...run('SELECT 1'), ...insert(101), ...insert(102), ...run('SELECT 1'), sync(), query('SELECT 1'))
      const { request, before } = await held(own)
      expect(before).toEqual([...READ, 'parseComplete'])
      expect(listed(request)).toEqual([`${INSERT} 101 new`, `${INSERT} 102 new`, 'SELECT 1'])
      await stage.bob.api.deny({ id: request.id, comment: 'not today' })
      expect(await rest(own)).toEqual([expect.stringMatching(/^error 42501 .*not today/), 'ready I'])
      expect(await rest(own)).toEqual(['rowDescription', 'row 1', 'complete SELECT 1', 'ready I'])
      expect(await there()).toEqual([])
    }))

  it('leaves an open transaction failed when it is denied', () =>
    fresh(async (own) => {
      await own.ask(query('BEGIN'))
      own.send(...insert(101), ...insert(102), sync())
      const { request } = await held(own)
      expect(request.inTransaction).toBe(true)
      await stage.bob.api.deny({ id: request.id, comment: 'no' })
      expect(await rest(own)).toEqual([expect.stringMatching(/^error 42501/), 'ready E'])
      expect(await own.ask(query('ROLLBACK'))).toEqual(['complete ROLLBACK', 'ready I'])
    }))

  it('is read to its Sync however it arrives, and nobody is asked before', () =>
    fresh(async (own) => {
      const bytes = Buffer.concat([...insert(101), ...insert(102), ...insert(103)])
      for (let at = 0; at < bytes.length; at += 40) {
        own.send(bytes.subarray(at, at + 40))
        await sleep(10)
      }
      await sleep(200)
      expect(await inbox()).toEqual([])
      own.send(sync())
      const { request } = await held(own)
      expect(listed(request)).toHaveLength(3)
      await stage.bob.api.approve({ id: request.id })
      expect((await rest(own)).at(-1)).toBe('ready I')
      expect(await there()).toEqual([101, 102, 103])
    }))

  it('asks nobody when it is cancelled, or its client leaves, before it is whole', () =>
    fresh(async (own) => {
      own.send(...run('SELECT 1'), flush(), ...insert(101), ...insert(102))
      for (let told = ''; told !== 'complete SELECT 1';) told = await own.told()
      await sleep(300) // the gateway waits for the rest by now
      await cancel(stage.gateway.postgres, own)
      expect(await own.told()).toBe('parseComplete')
      expect(await own.told()).toMatch(/^error 57014 cancelled before the end of its pipeline/)
      expect(await own.ask(sync())).toEqual(['ready I'])
      own.send(...insert(101), ...insert(102))
      await sleep(300)
      own.close()
      await sleep(300)
      expect(await inbox()).toEqual([])
      expect(await there()).toEqual([])
    }))

  it('ends at a Flush, because its client waits for the answers, and asks again for what comes then', () =>
    fresh(async (own) => {
      own.send(...insert(101), ...insert(102), flush())
      const first = await held(own)
      await stage.bob.api.approve({ id: first.request.id })
      for (let done = 0; done < 2;) done += (await own.told()).startsWith('complete') ? 1 : 0
      own.send(...insert(103), ...insert(104), sync())
      const second = await held(own)
      expect([first, second].map(({ request }) => listed(request))).toEqual([
        [`${INSERT} 101 new`, `${INSERT} 102 new`],
        [`${INSERT} 103 new`, `${INSERT} 104 new`],
      ])
      await stage.bob.api.deny({ id: second.request.id, comment: 'enough' })
      expect((await rest(own)).slice(-2)).toEqual([expect.stringMatching(/^error 42501/), 'ready I'])
      expect(await there()).toEqual([]) // all of it was one implicit transaction
    }))

  it('ends behind a change of definitions, and a statement that needs nobody else is asked for by itself', () =>
    fresh(async (own) => {
      own.send(...insert(101), ...insert(102), ...run('CREATE TABLE made ()'), ...insert(103), sync())
      const { request } = await held(own)
      expect(listed(request)).toEqual([`${INSERT} 101 new`, `${INSERT} 102 new`, 'CREATE TABLE made ()'])
      await stage.bob.api.approve({ id: request.id })
      const next = await held(own)
      expect(next.request.ask).toMatchObject({ pipeline: false, type: 'sql:unknown', text: INSERT, statements: [{ text: INSERT }] })
      await stage.bob.api.deny({ id: next.request.id, comment: 'no' })
      expect((await rest(own)).slice(-2)).toEqual([expect.stringMatching(/^error 42501/), 'ready I'])

      own.send(...insert(101), ...run('SELECT 1'), sync())
      const alone = await held(own)
      expect(alone.request.ask).toMatchObject({ pipeline: false, text: INSERT, parameters: [{ value: '101' }, { value: 'new' }] })
      await stage.bob.api.approve({ id: alone.request.id })
      expect((await rest(own)).at(-1)).toBe('ready I')
    }))

  it('asks nobody when policy never allows one of its statements', () =>
    fresh(async (own) => {
      const answers = await own.ask(...insert(101), ...insert(102), ...run('UPDATE orders SET status = $1 WHERE true', ['x']), sync())
      expect(answers).toEqual([
        'parseComplete',
        expect.stringMatching(/^error 42501 denied by no-where: .*; it is statement 3 of 3 that came together/),
        'ready I',
      ])
      expect(await inbox()).toEqual([])
      expect(await there()).toEqual([])
    }))

  it('shows what each change would do, and of those behind the first only what does not depend on it', () =>
    fresh(async (own) => {
      const update = 'UPDATE orders SET status = $2 WHERE id < $1'
      own.send(...run(update, ['4', 'a']), ...run(update, ['6', 'b']), ...insert(101), sync())
      const { request } = await held(own)
      const { ask } = request
      if (ask.kind !== 'action') throw new Error('an action was held')
      const of = ask.statements.map(({ rows, impact }) => ({ rows, because: impact?.because, planned: impact?.estimate !== null }))
      const late = { rows: null, because: 'a statement before it may change its rows', planned: true }
      expect(of).toEqual([{ rows: 3, because: null, planned: true }, late, { rows: 1, because: null, planned: true }])
      expect(ask.impact).toMatchObject({ rows: null, sets: ['status', '*'] })
      await stage.bob.api.deny({ id: request.id, comment: 'no' })
      await rest(own)
    }))

  it('goes through once when it was approved after its client had gone, and only as it was', async () => {
    const pipeline = [...insert(101), ...insert(102), sync()]
    const gone = await RawClient.login(stage.gateway.postgres, stage.alice)
    gone.send(...pipeline)
    const { request } = await held(gone)
    gone.close()
    await stage.bob.api.approve({ id: request.id })
    await fresh(async (own) => {
      // The same words between other bounds are another pipeline.
      own.send(...run(INSERT, ['101', 'new']), ...run(INSERT, ['10', '2new']), sync())
      const other = await held(own)
      expect(other.request.id).not.toBe(request.id)
      await stage.bob.api.deny({ id: other.request.id, comment: 'no' })
      await rest(own)
      expect(await own.ask(...pipeline)).toEqual([...INSERTED, ...INSERTED, 'ready I'])
      expect(await there()).toEqual([101, 102])
      own.send(...insert(103), ...insert(102), sync())
      const again = await held(own)
      expect(again.request.id).not.toBe(request.id)
      await stage.bob.api.deny({ id: again.request.id, comment: 'no' })
      await rest(own)
    })
  })

  it('is one request in two connections at once, and one approval runs it in one of them', async () => {
    const logins = [1, 2].map(() => RawClient.login(stage.gateway.postgres, stage.alice))
    const both = await Promise.all(logins)
    for (const own of both) own.send(...insert(101), ...insert(102), sync())
    const ids = (await Promise.all(both.map(held))).map(({ request }) => request.id)
    expect(new Set(ids).size).toBe(1)
    expect(await inbox()).toHaveLength(1)
    await stage.bob.api.approve({ id: ids[0] ?? '' })
    // Who comes second finds the approval used, and waits for another.
    const ended = both.map(async (own) => {
      for (;;) {
        const told = await own.told()
        if (told === 'ready I') return 'ran'
        const [, id] = /^notice 00000 held (req-\w+):/.exec(told) ?? []
        if (id !== undefined) return id
      }
    })
    const ways = await Promise.all(ended)
    const [asked] = ways.filter((way) => way !== 'ran')
    expect(ways.toSorted()).toEqual(['ran', asked])
    expect(ids).not.toContain(asked)
    expect(await there()).toEqual([101, 102])
    await stage.bob.api.deny({ id: asked ?? '', comment: 'once is enough' })
    for (const own of both) own.close()
    await stage.ask('DELETE FROM orders WHERE id > 100')
  })

  it('uses the grants that cover its statements, and asks for none of these again', () =>
    fresh(async (own) => {
      const { request } = await stage.alice.api.ask({ resource: 'db', scope: 'sql:write', for: '5m' })
      await stage.bob.api.approve({ id: request.id })
      expect(await own.ask(...insert(101), ...insert(102), sync())).toEqual([...INSERTED, ...INSERTED, 'ready I'])
      expect(await inbox()).toEqual([])
      await stage.alice.api.done({})
    }))

  it('says of each statement what became of it', async () => {
    await fresh(async (own) => {
      own.send(...insert(101), ...insert(101), ...insert(102), sync())
      const { request } = await held(own)
      await stage.bob.api.approve({ id: request.id })
      expect((await rest(own)).slice(-2)).toEqual([expect.stringMatching(/^error 23505/), 'ready I'])
      expect(await there()).toEqual([])
      const started = async () => (await entries(stage, 'action.started')).filter(({ requests }) => JSON.stringify(requests) === JSON.stringify([request.id]))
      await expect.poll(async () => (await started()).length, { timeout: 15_000 }).toBe(3)
      const runs = (await started()).map(({ run: name }) => name)
      const finished = async () => (await entries(stage, 'action.finished')).filter(({ run: name }) => runs.includes(name))
      await expect.poll(finished, { timeout: 15_000 }).toMatchObject([
        { result: 'done', summary: 'INSERT 0 1' },
        { result: 'failed', summary: '23505' },
        { result: 'failed', summary: 'skipped' },
      ])
    })
  })

  it('is asked for a thousand statements at a time, of 512 KiB', () =>
    fresh(async (own) => {
      const many = Array.from({ length: 1_400 }, (_, n) => insert(101 + n))
      own.send(...many.flat(), sync())
      const sizes: number[] = []
      for (let asked = 0; asked < 2; asked++) {
        const { request } = await held(own)
        sizes.push(listed(request).length)
        await stage.bob.api.approve({ id: request.id })
      }
      expect((await rest(own)).at(-1)).toBe('ready I')
      expect(sizes).toEqual([1_000, 400])
      expect(await there()).toHaveLength(1_400)

      const wide = 'x'.repeat(200_000)
      own.send(...[1, 2, 3].flatMap((n) => run(INSERT, [String(5_000 + n), wide])), sync())
      const { request } = await held(own)
      expect(listed(request)).toHaveLength(2)
      await stage.bob.api.deny({ id: request.id, comment: 'no' })
      await rest(own)
    }))

  it('leaves nothing behind', async () => {
    expect(await leftovers(stage)).toEqual([])
  })
})

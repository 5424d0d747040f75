import { bind as bindMessage, execute, flush, parse, query, sync } from '@countersign/wire/postgres/encode'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStage, type Stage } from './support/stage.ts'
import { RawClient, tell } from './support/wire.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") @grants("1h") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
@id("admin") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:admin", resource);
`
const bind = (statement = '', portal = '') => bindMessage({ portal, statement, formats: [], values: [], resultFormats: [] })
const run = (sql: string) => [parse('', sql), bind(), execute('')]

describe('what was judged is judged again when it no longer means the same', () => {
  let stage: Stage
  let client: RawClient

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY })
  })

  afterAll(() => stage?.close())

  async function fresh<T>(use: (own: RawClient) => Promise<T>): Promise<T> {
    client = await RawClient.login(stage.gateway.postgres, stage.alice)
    try {
      return await use(client)
    } finally {
      client.close()
      await stage.ask('DELETE FROM orders WHERE id > 100')
    }
  }
  const there = async (id: number) => (await stage.ask('SELECT 1 FROM orders WHERE id = $1', [id])).length === 1

  /** Reads on to the notice of a hold, and has Bob approve it. */
  async function approved(own: RawClient): Promise<void> {
    for (let answer = await own.next(); answer !== null; answer = await own.next()) {
      const [, id] = /held (req-\w+):/.exec(tell(answer)) ?? []
      if (id !== undefined) return void (await stage.bob.api.approve({ id }))
    }
    throw new Error('nothing was held')
  }

  it('reads no text in a batch whose settings the server has not reported yet', () =>
    fresh(async (own) => {
      const runs = await stage.runs()
      own.send(...run('SET standard_conforming_strings = off'), flush())
      await approved(own)
      const hidden = "SELECT '\\', ', nextval($$runs$$) -- '"
      const answers = await own.ask(...run(hidden), sync())
      expect(answers).toContainEqual(expect.stringMatching(/^error 42501/))
      expect(await stage.runs()).toBe(runs)
    }))

  it('refuses a bound EXECUTE whose name means something else by now', () =>
    fresh(async (own) => {
      await own.ask(query('BEGIN; PREPARE p AS SELECT 1'))
      await own.ask(parse('run', 'EXECUTE p'), bind('run', 'a'), bind('run', 'b'), sync())
      await own.ask(query('DEALLOCATE p'))
      own.send(query('PREPARE p AS INSERT INTO orders VALUES (101, $$x$$) RETURNING id'))
      await approved(own)
      await own.until(0x5a)
      const answers = await own.ask(execute('a'), sync())
      await own.ask(query('COMMIT'))
      expect(answers).toEqual([expect.stringMatching(/^error/), 'ready E'])
      expect(await there(101)).toBe(false)
    }))

  it('does not execute a portal with the name of a cursor that was declared since', () =>
    fresh(async (own) => {
      await own.ask(query('BEGIN'))
      await own.ask(parse('', 'SELECT 1'), bind('', 'c'), sync())
      own.send(query('CLOSE c; DECLARE c CURSOR FOR SELECT nextval($$runs$$)'))
      await approved(own)
      await own.until(0x5a)
      expect(await own.ask(execute('c'), sync())).toEqual([expect.stringMatching(/^error/), 'ready E'])
    }))

  it('cuts a connection that has bound what a revoked grant allowed', () =>
    fresh(async (own) => {
      await own.ask(query('BEGIN'))
      const { request } = await stage.alice.api.ask({ resource: 'db', scope: 'sql:write', for: '30m' })
      await stage.bob.api.approve({ id: request.id })
      await own.ask(parse('', 'INSERT INTO orders VALUES (101, $$x$$)'), bind('', 'w'), sync())
      await own.ask(query('SELECT 1'))
      const [grant] = (await stage.alice.api.grants({ live: 'true' })).filter((each) => each.request === request.id)
      await stage.bob.api.revoke({ id: grant?.id ?? '' })
      await new Promise((resolve) => setTimeout(resolve, 300))
      own.send(execute('w'), sync(), query('COMMIT'))
      await own.last().catch(() => undefined)
      expect(await there(101)).toBe(false)
    }))

  it('keeps the connection when a pipelined write fails', () =>
    fresh(async (own) => {
      const { request } = await stage.alice.api.ask({ resource: 'db', scope: 'sql:write', for: '30m' })
      await stage.bob.api.approve({ id: request.id })
      const twice = 'INSERT INTO orders VALUES (1, $$x$$)'
      expect((await own.ask(...run(twice), ...run(twice), ...run('SELECT 1'), sync())).at(-1)).toBe('ready I')
      expect(await own.ask(query('SELECT 1'))).toContain('row 1')
      for (let n = 0; n < 50; n++) {
        expect((await own.ask(...run('SELECT 1/0'), flush(), ...run('SELECT 1'), ...run('SELECT 2'), sync())).at(-1)).toBe('ready I')
      }
    }))

  it('ends with its token', () =>
    fresh(async () => {
      const token = await stage.gateway.token(stage.alice.user, { for: '2s' })
      const own = await RawClient.login(stage.gateway.postgres, { user: stage.alice.user, token })
      expect(await own.ask(query('SELECT 1'))).toContain('row 1')
      expect((await own.last()).join()).toMatch(/57P01/)
    }))

  it('bounds the names that one connection may give, and goes on', () =>
    fresh(async (own) => {
      const many = Array.from({ length: 20_001 }, (_, n) => parse(`s${n}`, 'SELECT 1'))
      expect((await own.ask(...many, sync())).slice(-2)).toEqual([expect.stringMatching(/^error 53400/), 'ready I'])
      expect(await own.ask(query('SELECT 1'))).toContain('row 1')
      await own.ask(query('DEALLOCATE ALL'))
      expect(await own.ask(...run('SELECT 1'), sync())).toContain('row 1')
    }))

  it('shows what a reviewer typed as text, and not as orders to a terminal', () =>
    fresh(async (own) => {
      own.send(query('SET search_path = orders'))
      const [, id = ''] = /held (req-\w+):/.exec(tell((await own.next())!)) ?? []
      await stage.bob.api.deny({ id, comment: 'no\n\u001b[2J\u009b1mERROR:  \u202egnihton' })
      const [error = ''] = (await own.until(0x5a)).map(tell)
      expect(error).toContain('no\\u{a}\\u{1b}[2J\\u{9b}1mERROR:  \\u{202e}gnihton')
    }))
})

import { bind, execute, parse, query, sync } from '@countersign/wire/postgres/encode'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'
import { cancel, RawClient } from './support/wire.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read", Action::"sql:ddl", Action::"sql:admin"], resource);
@id("writes") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`
const WRITE = 'DELETE FROM orders WHERE id = 7'
const SLOW_SEVEN = 'CREATE FUNCTION slow_seven() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN 7; END $$;'
const UPPER = "SELECT upper('a')"
const unnamed = bind({ portal: '', statement: '', formats: [], values: [], resultFormats: [] })
const EXTENDED = [parse('', WRITE), unnamed, execute(''), sync()]

describe('the question that the gateway asks a session about its state', () => {
  let stage: Stage
  let own: RawClient

  beforeAll(async () => {
    const eager = { catalog: { maxAge: '0s' }, functions: { trusted: ['public.slow_seven'] } }
    stage = await openStage({ policy: POLICY, seed: SLOW_SEVEN, resources: { db: {}, eager } })
  })

  beforeEach(async () => {
    own = await RawClient.login(stage.gateway.postgres, stage.alice)
  })

  afterEach(() => own.close())

  afterAll(() => stage?.close())

  /** The question reads pg_settings, so it waits while somebody else has that view locked. */
  const locked = async <T>(use: () => Promise<T>): Promise<T> => {
    const locker = await RawClient.login(stage.target, { user: stage.target.superuser, token: stage.target.password }, 'postgres')
    expect(await locker.ask(query('BEGIN; LOCK TABLE pg_catalog.pg_settings'))).toContain('ready T')
    try {
      return await use()
    } finally {
      await locker.ask(query('ROLLBACK'))
      locker.close()
    }
  }

  it.each([
    ['a Query', [query(WRITE)], 'I'],
    ['a pipeline', EXTENDED, 'I'],
    ['a Query in a transaction', [query(WRITE)], 'E'],
    ['a pipeline in a transaction', EXTENDED, 'E'],
  ] as const)('may fail for %s: its error is the statement’s, and the session goes on', async (_, messages, status) => {
    await own.ask(query("SET lock_timeout = '300ms'"))
    if (status === 'E') await own.ask(query('BEGIN'))
    await locked(async () => {
      const answers = (await own.ask(...messages)).filter((each) => each !== 'parseComplete')
      expect(answers).toEqual([expect.stringMatching(/^error 55P03 /), `ready ${status}`])
    })
    if (status === 'E') expect(await own.ask(query('ROLLBACK'))).toEqual(['complete ROLLBACK', 'ready I'])
    expect(await own.ask(query('SELECT 1'))).toContain('row 1')
  })

  it.each([
    ['a Query', [query(WRITE)]],
    ['a pipeline', EXTENDED],
  ] as const)('may fail half-way for %s, which the next is not told of', async (_, messages) => {
    await own.ask(query('SET ROLE pg_monitor'))
    await stage.ask('REVOKE SELECT ON pg_catalog.pg_settings FROM PUBLIC') // the question can be prepared then, and not run
    const refusal = 'error 42501 permission denied for view pg_settings'
    expect(await own.ask(...messages)).toContain(refusal)
    expect(await own.ask(...messages)).toContain(refusal)
    await stage.ask('GRANT SELECT ON pg_catalog.pg_settings TO PUBLIC')
    own.send(...messages)
    await expect.poll(async () => (await stage.alice.api.requests({})).filter(({ status }) => status === 'pending')).toHaveLength(1)
    await cancel(stage.gateway.postgres, own)
    expect(await own.ask()).toContain('ready I')
  })

  it.each([
    ['a Query', [query(UPPER)]],
    ['a pipeline', [parse('', UPPER), unnamed, execute(''), sync()]],
    ['a Query of several statements', [query(`${UPPER}; ${UPPER}`)]],
  ] as const)('may fail for %s when it is about what the transaction has changed', async (_, messages) => {
    await stage.ask('REVOKE SELECT ON pg_catalog.pg_operator FROM PUBLIC')
    await own.ask(query('BEGIN'))
    await own.ask(query('CREATE TABLE brand_new (id int)'))
    await own.ask(query('SET LOCAL ROLE pg_monitor'))
    const answers = (await own.ask(...messages)).filter((each) => /^(error|ready)/.test(each))
    expect(answers).toEqual(['error 42501 permission denied for table pg_operator', 'ready E'])
    await stage.ask('GRANT SELECT ON pg_catalog.pg_operator TO PUBLIC')
    expect(await own.ask(query('ROLLBACK'))).toEqual(['complete ROLLBACK', 'ready I'])
    expect(await own.ask(query(UPPER))).toContain('row A')
  })

  it('ends with a cancel request while it waits', async () => {
    await locked(async () => {
      own.send(query(WRITE))
      await expect.poll(() => stage.ask("SELECT count(*)::int FROM pg_stat_activity WHERE wait_event_type = 'Lock'")).toEqual([1])
      await cancel(stage.gateway.postgres, own)
      expect(await own.ask()).toEqual([expect.stringMatching(/^error 57014 /), 'ready I'])
    })
    expect(await own.ask(query('SELECT 1'))).toContain('row 1')
  })

  it.each([
    ['a Query', [query(WRITE)]],
    ['a pipeline', EXTENDED],
  ] as const)('ends with a cancel request for %s that has been approved, and leaves it its approval', async (_, messages) => {
    own.send(...messages)
    let told = await own.told()
    while (!told.includes('held')) told = await own.told()
    const [, id = ''] = /held (req-\w+):/.exec(told) ?? []
    await locked(async () => {
      await stage.bob.api.approve({ id })
      await expect.poll(() => stage.ask("SELECT count(*)::int FROM pg_stat_activity WHERE wait_event_type = 'Lock'")).toEqual([1])
      await cancel(stage.gateway.postgres, own)
      expect((await own.ask()).slice(-2)).toEqual([expect.stringMatching(/^error 57014 /), 'ready I'])
    })
    const [grant] = (await stage.alice.api.grants({ live: 'true' })).filter(({ request }) => request === id)
    await stage.bob.api.revoke({ id: grant?.id ?? 'none' })
  })

  it('ends with a cancel request before rows are counted, and then nobody is asked', async () => {
    const eager = await RawClient.login(stage.gateway.postgres, stage.alice, 'eager')
    eager.send(query('DELETE FROM orders WHERE id = slow_seven()'))
    const planning = "SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'countersign:impact' AND wait_event = 'PgSleep'"
    await expect.poll(() => stage.ask(planning), { interval: 10 }).toEqual([1])
    await locked(async () => {
      await expect.poll(() => stage.ask("SELECT count(*)::int FROM pg_stat_activity WHERE wait_event_type = 'Lock'")).toEqual([1])
      await cancel(stage.gateway.postgres, eager)
      expect(await eager.ask()).toEqual([expect.stringMatching(/^error 57014 /), 'ready I'])
    })
    expect(await stage.alice.api.requests({ status: 'pending' })).toEqual([])
    eager.close()
  })

  it('finds how long the server still lets the transaction go on, and the hold ends before that', async () => {
    await own.ask(query("SET transaction_timeout = '3s'"))
    await own.ask(query('BEGIN'))
    await own.ask(query('SELECT pg_sleep(0.5)'))
    own.send(query(WRITE))
    expect((await own.ask()).slice(-2)).toEqual([expect.stringMatching(/^error 55000 /), 'ready E'])
    expect(await own.ask(query('ROLLBACK'))).toEqual(['complete ROLLBACK', 'ready I'])
    for (const { id } of await stage.alice.api.requests({ status: 'pending' })) await stage.alice.api.withdraw({ id })
  })

  it('that fails in the middle of a pipeline leaves no transaction open', async () => {
    await own.ask(query("SET lock_timeout = '300ms'"))
    await locked(async () => {
      const answers = await own.ask(parse('', 'SELECT 1'), unnamed, execute(''), query(WRITE))
      expect(answers.slice(-2)).toEqual([expect.stringMatching(/^error 55P03 /), 'ready I'])
    })
    own.send(query(WRITE))
    const [, id = ''] = /held (req-\w+):/.exec(await own.told()) ?? []
    expect(await stage.alice.api.request({ id })).toMatchObject({ inTransaction: false })
    await cancel(stage.gateway.postgres, own)
    expect(await own.ask()).toContain('ready I')
  })

  it.each([
    ['a Query', [query(WRITE)]],
    ['a pipeline', EXTENDED],
  ] as const)('is the last for %s whose client has left meanwhile, and leaves it its approval', async (_, messages) => {
    own.send(...messages)
    let told = await own.told()
    while (!told.includes('held')) told = await own.told()
    const [, id = ''] = /held (req-\w+):/.exec(told) ?? []
    await locked(async () => {
      await stage.bob.api.approve({ id })
      await expect.poll(() => stage.ask("SELECT count(*)::int FROM pg_stat_activity WHERE wait_event_type = 'Lock'")).toEqual([1])
      own.close()
      await new Promise((resolve) => setTimeout(resolve, 200))
    })
    await expect.poll(() => stage.alice.api.sessions({ live: 'true' })).toEqual([])
    expect(await stage.runs()).toBe(0)
    const [grant] = (await stage.alice.api.grants({ live: 'true' })).filter(({ request }) => request === id)
    await stage.bob.api.revoke({ id: grant?.id ?? 'none' })
  })

  it('has run nothing, and leaves nothing behind', async () => {
    own.close()
    expect(await leftovers(stage)).toEqual([])
    expect(await stage.runs()).toBe(0)
    expect((await stage.alice.api.requests({})).filter(({ status }) => status === 'pending')).toEqual([])
  })
})

import { bind as bindMessage, execute, flush, parse, query, sync } from '@countersign/wire/postgres/encode'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { type Behind, openBehind } from './support/behind.ts'
import { openStage, type Stage } from './support/stage.ts'
import { RawClient } from './support/wire.ts'

/** Visible outside the transaction, in which another search_path hides it. */
const SEED = `
  CREATE SCHEMA app;
  CREATE FUNCTION app.lower(varchar) RETURNS text LANGUAGE sql AS $$ SELECT evil(1)::text $$;
  GRANT USAGE ON SCHEMA app TO PUBLIC;
`
const LOWER = 'SELECT lower(name) FROM public.people'
const UNKNOWN = expect.stringMatching(/^error 42501 .*sql:unknown/) as string

const run = (sql: string) => [parse('', sql), bindMessage({ portal: '', statement: '', formats: [], values: [], resultFormats: [] }), execute('')]

describe('what ends a transaction takes back what its names meant', () => {
  let behind: Behind
  let own: RawClient

  beforeAll(async () => {
    behind = await openBehind({ seed: SEED })
  })

  beforeEach(async () => {
    own = await RawClient.login(behind.stage.gateway.postgres, behind.stage.alice)
    await own.ask(query('SET search_path = app, public'))
    await own.ask(query('BEGIN'))
    await own.ask(query('SAVEPOINT a'))
    await own.ask(query('SET LOCAL search_path = pg_catalog'))
    await own.ask(query(LOWER))
  })

  afterEach(() => own.close())

  afterAll(() => behind?.close())

  const ENDS = ['ROLLBACK', 'COMMIT', 'ROLLBACK TO a', 'COMMIT AND CHAIN'] as const

  it.each(ENDS)('for what comes behind %s in one pipeline', async (end) => {
    expect(await own.ask(...run(end), ...run(LOWER), sync())).toContainEqual(UNKNOWN)
  })

  it.each(ENDS)('for what comes behind %s and a Flush', async (end) => {
    expect(await own.ask(...run(end), flush(), ...run(LOWER), sync())).toContainEqual(UNKNOWN)
  })

  it.each(ENDS)('for what comes behind %s in one Query', async (end) => {
    expect(await own.ask(query(`${end}; ${LOWER}`))).toContainEqual(UNKNOWN)
  })

  it('and not before', async () => {
    expect(await own.ask(query(LOWER))).toContain('row ann')
    await own.ask(query('ROLLBACK'))
    expect(await own.ask(query(LOWER))).toContainEqual(UNKNOWN)
  })

  it('for what comes behind the ROLLBACK of a transaction that has failed, and the client is told what to do', async () => {
    const client = await behind.connect()
    await client.query('BEGIN')
    await behind.outcome(client, 'SET LOCAL search_path = app')
    await behind.outcome(client, 'SELECT 1 / 0')
    expect(await behind.outcome(client, `ROLLBACK; ${LOWER}`)).toMatch(/may change what its names mean; send it by itself/)
    expect(await behind.outcome(client, 'ROLLBACK')).toBe('runs')
    expect(await behind.outcome(client, LOWER)).toBe('runs')
    await client.end()
  })

  it('so that nothing has run, and nothing is left behind', async () => {
    own.close()
    expect(await behind.stage.runs()).toBe(0)
    expect(await leftovers(behind.stage)).toEqual([])
  })
})

const REVIEWED = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("rest") @review("dba") permit (principal in Group::"engineering", action in [Action::"sql:write", Action::"sql:admin", Action::"sql:unknown"], resource);
`

describe('what ends a transaction takes back what an approval meant', () => {
  let stage: Stage
  let own: RawClient

  beforeAll(async () => {
    stage = await openStage({ policy: REVIEWED, seed: 'CREATE SCHEMA app; CREATE TABLE app.orders AS TABLE orders;' })
  })

  beforeEach(async () => {
    own = await RawClient.login(stage.gateway.postgres, stage.alice)
  })

  afterEach(() => own.close())

  afterAll(() => stage?.close())

  /** Reads on to the next hold, and has Bob decide it as said. Resolves to what he was shown. */
  async function decided(how: 'approve' | 'deny'): Promise<string | null | undefined> {
    for (let told = await own.told(); told !== 'the end'; told = await own.told()) {
      const [, id] = /held (req-\w+):/.exec(told) ?? []
      if (id === undefined) continue
      const { ask } = await stage.bob.api.request({ id })
      await stage.bob.api[how]({ id, comment: 'seen' })
      return ask.kind === 'action' ? ask.state?.searchPath : null
    }
    throw new Error('nothing was held')
  }

  it('so that what comes behind it in a pipeline is another request', async () => {
    await own.ask(query('BEGIN'))
    own.send(query('SET LOCAL search_path = app'))
    await decided('approve')
    await own.ask()
    own.send(...run('DELETE FROM orders WHERE id = 1'), ...run('COMMIT'), ...run('DELETE FROM orders WHERE id = 2'), sync())
    expect(await decided('approve')).toBe('app')
    expect(await decided('deny')).toBe('"$user", public')
    expect((await own.ask()).at(-1)).toBe('ready I')
    expect(await stage.ask('SELECT count(*)::int FROM public.orders')).toEqual([20])
  })

  it('so that no text behind it is read by settings that the server has not reported yet', async () => {
    for (const text of ['SET standard_conforming_strings = off', 'BEGIN', 'SET standard_conforming_strings = on']) {
      own.send(query(text))
      await decided('approve')
      await own.ask()
    }
    const runs = await stage.runs()
    own.send(...run('ROLLBACK'), ...run("SELECT '\\', ', nextval($$runs$$) -- '"), sync())
    await decided('deny')
    expect(await own.ask()).toContainEqual(expect.stringMatching(/^error 42501/))
    expect(await stage.runs()).toBe(runs)
  })

  it('and leaves nothing behind', async () => {
    own.close()
    expect(await leftovers(stage)).toEqual([])
  })
})

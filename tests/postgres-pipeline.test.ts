import {
  bind as bindMessage,
  close,
  copyData,
  copyDone,
  describe as describeMessage,
  execute,
  flush,
  parse,
  query,
  sync,
} from '@countersign/wire/postgres/encode'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entries, leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'
import { RawClient, tell } from './support/wire.ts'

const POLICY = `
@id("works") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read", Action::"sql:write", Action::"sql:ddl"], resource);
@id("no-where") @message("UPDATE or DELETE without a WHERE") forbid (principal, action == Action::"sql:write", resource) when { context.unbounded };
@id("writes-to-db") @review("dba") forbid (principal, action == Action::"sql:write", resource == Resource::"held");
`
const INSERT = 'INSERT INTO orders VALUES (101)'
const REFUSED = 'DELETE FROM orders'

const bind = (statement = '', portal = '', values: readonly string[] = []) =>
  bindMessage({ portal, statement, formats: [], values: values.map((value) => Buffer.from(value)), resultFormats: [] })
/** Parse, Bind and Execute without a name. */
const run = (sql: string) => [parse('', sql), bind(), execute('')]

async function unfinished(stage: Stage, started: readonly unknown[]): Promise<readonly unknown[]> {
  const finished = new Set((await entries(stage, 'action.finished')).map(({ run: id }) => id))
  return started.filter((id) => !finished.has(id))
}

describe.each([18, 15] as const)('the extended protocol of PostgreSQL %i, message by message', (version) => {
  let stage: Stage
  let client: RawClient
  const login = (database?: string) => RawClient.login(stage.gateway.postgres, stage.alice, database)

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, version, resources: { db: {}, held: {} }, seed: 'ALTER TABLE orders ALTER status SET DEFAULT $$new$$;' })
  })

  afterAll(() => stage?.close())

  async function fresh<T>(use: (own: RawClient) => Promise<T>, database?: string): Promise<T> {
    client = await login(database)
    try {
      return await use(client)
    } finally {
      client.close()
      await stage.ask('DELETE FROM orders WHERE id > 100')
    }
  }
  const there = async (id: number) => (await stage.ask('SELECT 1 FROM orders WHERE id = $1', [id])).length === 1

  it('answers an allowed pipeline in one piece', () =>
    fresh(async (own) => {
      const answers = await own.ask(
        ...run('SELECT 1'),
        ...run('SELECT 2'),
        parse('', 'SELECT $1::int'),
        bind('', '', ['3']),
        describeMessage('P', ''),
        execute(''),
        sync(),
      )
      const each = (row: number) => ['parseComplete', 'bindComplete', `row ${row}`, 'complete SELECT 1']
      expect(answers).toEqual([...each(1), ...each(2), 'parseComplete', 'bindComplete', 'rowDescription', 'row 3', 'complete SELECT 1', 'ready I'])
    }))

  it('answers Parse, Describe and Flush before anybody has approved, and holds from Bind on', () =>
    fresh(async (own) => {
      own.send(parse('w', 'INSERT INTO orders VALUES ($1)'), describeMessage('S', 'w'), flush())
      expect([await own.told(), await own.told(), await own.told()]).toEqual(['parseComplete', 'parameterDescription', 'noData'])
      own.send(bind('w', '', ['101']), execute(''), sync())
      const notice = await own.told()
      const id = /^notice 00000 held (req-\w+):/.exec(notice)?.[1]
      expect(id).toBeDefined()
      expect(await own.silent(300)).toBe(true)
      expect(await there(101)).toBe(false)
      await stage.bob.api.approve({ id: id ?? '' })
      expect((await own.until(0x5a)).map(tell)).toEqual([expect.stringContaining('approved by bob'), 'bindComplete', 'complete INSERT 0 1', 'ready I'])
      expect(await there(101)).toBe(true)
    }, 'held'))

  it('rolls back what came before a refused statement, says one error, and is ready once', () =>
    fresh(async (own) => {
      const answers = await own.ask(...run(INSERT), ...run(REFUSED), ...run('SELECT 1'), sync())
      expect(answers).toEqual(['parseComplete', 'bindComplete', 'complete INSERT 0 1', expect.stringMatching(/^error 42501 .*no-where/), 'ready I'])
      expect(await there(101)).toBe(false)
      expect(await own.ask(query('SELECT 4'))).toEqual(['rowDescription', 'row 4', 'complete SELECT 1', 'ready I'])
    }))

  it('refuses what policy never allows before the target sees it, and records that', () =>
    fresh(async (own) => {
      const denied = [expect.stringMatching(/^error 42501 .*(?:no policy permits|no-where)/), 'ready I']
      expect(await own.ask(parse('', 'CREATE ROLE nobody_at_all'), describeMessage('S', ''), sync())).toEqual(denied)
      expect(await own.ask(parse('', 'DELETE FROM nowhere_at_all'), describeMessage('S', ''), sync())).toEqual(denied)
      expect(await own.ask(parse('', `SELECT * FROM orders -- ${'x'.repeat(600_000)}`), describeMessage('S', ''), sync())).toEqual(denied)
      const decided = async () => (await entries(stage, 'action.decided')).slice(-3)
      await expect.poll(decided, { timeout: 15_000 }).toMatchObject([
        { effect: 'deny', action: 'sql:admin' },
        { effect: 'deny', action: 'sql:write', policies: ['no-where'] },
        { effect: 'deny', action: 'sql:unknown' },
      ])
    }))

  it('rolls back what came before a refused Query in the middle of a pipeline', () =>
    fresh(async (own) => {
      const answers = await own.ask(...run(INSERT), query(REFUSED))
      expect(answers).toEqual(['parseComplete', 'bindComplete', 'complete INSERT 0 1', expect.stringMatching(/^error 42501/), 'ready I'])
      expect(await own.ask(sync())).toEqual(['ready I'])
      expect(await there(101)).toBe(false)
    }))

  // PostgreSQL 18 itself loses its place here, with XX000 at the next statement.
  it.skipIf(version === 18)('commits what came before an allowed Query in the middle of a pipeline', () =>
    fresh(async (own) => {
      const answers = await own.ask(...run(INSERT), query('SELECT 1'))
      expect(answers).toEqual(['parseComplete', 'bindComplete', 'complete INSERT 0 1', 'rowDescription', 'row 1', 'complete SELECT 1', 'ready I'])
      expect(await own.ask(query(REFUSED))).toEqual([expect.stringMatching(/^error 42501/), 'ready I'])
      expect(await there(101)).toBe(true)
    }),
  )

  it('commits what came before a Query that is for the gateway alone', () =>
    fresh(async (own) => {
      const answers = await own.ask(...run(INSERT), query("SET countersign.reason = 'INC-7'"))
      expect(answers).toEqual(['parseComplete', 'bindComplete', 'complete INSERT 0 1', 'complete SET', 'ready I'])
      expect(await there(101)).toBe(true)
    }))

  it.each([
    ['by Query', [query(REFUSED)]],
    ['by Parse', [...run(REFUSED), sync()]],
  ])('fails an open transaction with a statement refused %s, and ROLLBACK TO mends it', (_, refused) =>
    fresh(async (own) => {
      await own.ask(query('BEGIN'))
      await own.ask(query(`${INSERT}; SAVEPOINT before`))
      expect((await own.ask(...refused)).slice(-2)).toEqual([expect.stringMatching(/^error 42501/), 'ready E'])
      expect(await own.ask(query('SELECT 1'))).toEqual([expect.stringMatching(/^error 25P02/), 'ready E'])
      expect(await own.ask(query('ROLLBACK TO before'))).toEqual(['complete ROLLBACK', 'ready T'])
      expect(await own.ask(...run('COMMIT'), sync())).toEqual(['parseComplete', 'bindComplete', 'complete COMMIT', 'ready I'])
      expect(await there(101)).toBe(true)
    }),
  )

  it('keeps an unnamed statement through a refusal in a transaction', () =>
    fresh(async (own) => {
      await own.ask(query('BEGIN; SAVEPOINT a'))
      await own.ask(parse('kept', 'EXECUTE what_nobody_prepared'), parse('', 'ROLLBACK TO a'), sync())
      expect(await own.ask(bind('kept'), sync())).toEqual([expect.stringMatching(/^error 42501/), 'ready E'])
      expect(await own.ask(bind(), execute(''), sync())).toEqual(['bindComplete', 'complete ROLLBACK', 'ready T'])
    }))

  it('drops everything between an error and the next Sync', () =>
    fresh(async (own) => {
      const answers = await own.ask(
        ...run('SELECT 1 / (i - i) FROM generate_series(1, 1) i'),
        ...run(INSERT),
        parse('late', 'SELECT 1'),
        query(INSERT),
        flush(),
        sync(),
      )
      expect(answers).toEqual(['parseComplete', 'bindComplete', expect.stringMatching(/^error 22012/), 'ready I'])
      expect(await there(101)).toBe(false)
      expect(await own.ask(bind('late'), sync())).toEqual([expect.stringMatching(/^error 26000/), 'ready I'])
    }))

  it('runs a portal in parts, and a portal twice as the server does', () =>
    fresh(async (own) => {
      const answers = await own.ask(parse('', 'SELECT generate_series(1, 3)'), bind('', 'p'), execute('p', 2), execute('p', 2), execute('p', 2), sync())
      expect(answers).toEqual([
        'parseComplete',
        'bindComplete',
        'row 1',
        'row 2',
        'portalSuspended',
        'row 3',
        'complete SELECT 1',
        'complete SELECT 0',
        'ready I',
      ])
      const twice = await own.ask(parse('', INSERT), bind(), execute(''), execute(''), sync())
      expect(twice).toEqual(['parseComplete', 'bindComplete', 'complete INSERT 0 1', expect.stringMatching(/^error 55000/), 'ready I'])
    }))

  it('keeps a suspended portal through a transaction, beside other statements', () =>
    fresh(async (own) => {
      await own.ask(query('BEGIN'))
      expect(await own.ask(parse('s', 'SELECT generate_series(1, 3)'), bind('s', 'p'), execute('p', 1), sync())).toContain('portalSuspended')
      await own.ask(query('SELECT 7'))
      expect(await own.ask(execute('p', 0), close('P', 'p'), sync())).toEqual(['row 2', 'row 3', 'complete SELECT 2', 'closeComplete', 'ready T'])
      expect(await own.ask(execute('p'), sync())).toEqual([expect.stringMatching(/^error 34000/), 'ready E'])
    }))

  it.each([
    ['Bind to an unknown statement', bind('nobody'), '26000'],
    ['Execute of an unknown portal', execute('nobody'), '34000'],
    ['Describe of an unknown statement', describeMessage('S', 'nobody'), '26000'],
  ])('answers %s with an error, and goes on', (_, message, code) =>
    fresh(async (own) => {
      expect(await own.ask(message, sync())).toEqual([expect.stringMatching(`^error ${code}`), 'ready I'])
      expect(await own.ask(...run('SELECT 1'), sync())).toContain('row 1')
    }),
  )

  it('copies in with the Sync that libpq sends ahead of the data', () =>
    fresh(async (own) => {
      own.send(parse('', 'COPY orders FROM STDIN'), bind(), describeMessage('P', ''), execute(''), sync())
      expect((await own.until(0x47)).map(tell)).toEqual(['parseComplete', 'bindComplete', 'noData', 'copyInResponse'])
      expect(await own.ask(copyData(Buffer.from('101\tnew\n')), copyDone(), sync())).toEqual(['complete COPY 1', 'ready I'])
      expect(await there(101)).toBe(true)
    }))

  it('leaves no statement unfinished in the ledger', async () => {
    const started = async () => (await entries(stage, 'action.started')).map(({ run: id }) => id)
    await expect.poll(async () => (await started()).length, { timeout: 15_000 }).toBeGreaterThan(20) // the store hears of them a little later
    await expect.poll(async () => unfinished(stage, await started()), { timeout: 15_000 }).toEqual([]) // outcomes are written soon, and nobody waits for them
  })

  it('leaves nothing behind', async () => {
    expect(await leftovers(stage)).toEqual([])
  })
})

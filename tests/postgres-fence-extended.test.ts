import { bind as bindMessage, copyData, copyDone, describe as describeMessage, execute, flush, parse, query, sync } from '@countersign/wire/postgres/encode'
import { Backend } from '@countersign/wire/postgres/backend'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Fenced, openFenced, told } from './support/fenced.ts'
import { type RawClient, tell } from './support/wire.ts'

const UPDATE = "UPDATE orders SET status = 'paid' WHERE id = $1"
const SEED = `
  CREATE TABLE secrets (id int, kept_by text);
  INSERT INTO secrets SELECT id, 'x' FROM generate_series(1, 5) AS id;
  ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
  CREATE POLICY of_readers ON secrets TO app_read USING (id = 1);
  CREATE POLICY of_writers ON secrets TO app_write USING (true);
  GRANT SELECT ON secrets TO app_read, app_write; GRANT UPDATE ON secrets TO app_write;
`

const bind = (values: readonly string[] = [], { statement = '', portal = '' } = {}) =>
  bindMessage({ portal, statement, formats: [], values: values.map((value) => Buffer.from(value)), resultFormats: [] })

describe.each([18, 15] as const)('rights and the extended protocol of PostgreSQL %i', (version) => {
  let fenced: Fenced
  let client: RawClient

  beforeAll(async () => {
    fenced = await openFenced({ version, seed: SEED })
  })
  afterAll(() => fenced?.close())
  beforeEach(async () => {
    client?.close()
    fenced.facts.length = 0
    client = await fenced.login()
  })

  it('are there from Bind to Sync, once', async () => {
    expect(await client.ask(parse('', UPDATE), bind(['1']), describeMessage('P', ''), execute(''), sync())).toEqual([
      'parseComplete',
      'bindComplete',
      'noData',
      'complete UPDATE 1',
      'ready I',
    ])
    expect(await client.ask(query('SELECT 1'))).toContain('row 1')
    expect(told(fenced.facts)).toEqual(['granted app_write', 'UPDATE 1', 'revoked app_write', 'SELECT 1'])
  })

  it('are there again for a Sync that comes later, because it is the end of a transaction', async () => {
    client.send(parse('', UPDATE), bind(['1']), execute(''), flush())
    const answers = await client.until(Backend.commandComplete)
    expect(answers.map(tell)).toEqual(['parseComplete', 'bindComplete', 'complete UPDATE 1'])
    expect(await client.ask(sync())).toEqual(['ready I'])
    expect(await client.ask(query('SELECT 1'))).toContain('row 1')
    expect(told(fenced.facts)).toEqual(['granted app_write', 'UPDATE 1', 'revoked app_write', 'granted app_write', 'revoked app_write', 'SELECT 1'])
  })

  it('are there until a COPY has its data, with the Sync that libpq sends ahead of that', async () => {
    for (const portal of ['', 'copying']) {
      client.send(parse('', 'COPY orders FROM STDIN'), bind([], { portal }), describeMessage('P', portal), execute(portal), sync())
      expect((await client.until(Backend.copyInResponse)).map(tell)).toEqual(['parseComplete', 'bindComplete', 'noData', 'copyInResponse'])
      expect(await client.ask(copyData(Buffer.from('101\tnew\n')), copyDone(), sync())).toEqual(['complete COPY 1', 'ready I'])
      expect(await client.ask(query('DELETE FROM orders WHERE id > 100'))).toEqual(['complete DELETE 1', 'ready I'])
    }
    expect(await client.ask(query('SELECT 1'))).toContain('row 1')
    expect(told(fenced.facts).slice(0, 3)).toEqual(['granted app_write', 'COPY 1', 'revoked app_write'])
  })

  it('are opened one by one for a pipeline that was approved as a whole, and for nothing behind an error', async () => {
    fenced.together = true
    const one = (id: string) => [bind([id], { statement: 'u' }), execute('')]
    const read = [parse('', 'SELECT 1'), bind(), execute('')]
    const failing = [parse('', 'INSERT INTO orders VALUES (1)'), bind(), execute('')]
    const answers = await client.ask(parse('u', UPDATE), ...one('1'), ...read, ...one('2'), ...failing, ...one('3'), sync())
    expect(answers.filter((told) => /^(complete|error|ready)/.test(told))).toEqual([
      'complete UPDATE 1',
      'complete SELECT 1',
      'complete UPDATE 1',
      expect.stringMatching(/^error 23505/),
      'ready I',
    ])
    expect(await client.ask(query('SELECT 1'))).toContain('row 1')
    const granted = (outcome: string) => ['granted app_write', outcome, 'revoked app_write']
    const last = [...granted('23505'), 'skipped', 'revoked app_write'] // once more when the transaction that failed is over
    expect(told(fenced.facts)).toEqual([...granted('UPDATE 1'), 'SELECT 1', ...granted('UPDATE 1'), ...last, 'SELECT 1'])
    fenced.together = false
  })

  it('are opened for each statement of a pipeline by itself', async () => {
    const one = (id: string) => [bind([id], { statement: 'u' }), execute('')]
    expect(await client.ask(parse('u', UPDATE), ...one('1'), parse('', 'SELECT 1'), bind(), execute(''), ...one('2'), sync())).toEqual([
      'parseComplete',
      'bindComplete',
      'complete UPDATE 1',
      'parseComplete',
      'bindComplete',
      'row 1',
      'complete SELECT 1',
      'bindComplete',
      'complete UPDATE 1',
      'ready I',
    ])
    expect(await client.ask(query('SELECT 1'))).toContain('row 1')
    expect(told(fenced.facts)).toEqual([
      'granted app_write',
      'UPDATE 1',
      'revoked app_write',
      'SELECT 1',
      'granted app_write',
      'UPDATE 1',
      'revoked app_write',
      'SELECT 1',
    ])
  })

  it('an error under them leaves the session as it was', async () => {
    expect(await client.ask(parse('', UPDATE), bind(['x']), execute(''), sync())).toEqual(['parseComplete', expect.stringMatching(/^error 22P02 /), 'ready I'])
    expect(await client.ask(parse('', UPDATE), bind(['2']), execute(''), sync())).toContain('complete UPDATE 1')
    expect(await client.ask(query('SELECT 1'))).toContain('row 1')
    expect(told(fenced.facts)).toEqual(['granted app_write', '22P02', 'revoked app_write', 'granted app_write', 'UPDATE 1', 'revoked app_write', 'SELECT 1'])
  })

  it('a portal runs to its end, however few rows were asked for, and is not there afterwards', async () => {
    const locking = 'SELECT id FROM orders WHERE id < 4 ORDER BY id FOR UPDATE'
    await client.ask(query('BEGIN'))
    expect(await client.ask(parse('', locking), bind([], { portal: 'p' }), execute('p', 1), sync())).toEqual([
      'parseComplete',
      'bindComplete',
      'row 1',
      'row 2',
      'row 3',
      'complete SELECT 3',
      'ready T',
    ])
    expect(await client.ask(execute('p', 1), sync())).toEqual([expect.stringMatching(/^error 34000 /), 'ready E'])
    expect(await client.ask(query('ROLLBACK'))).toEqual(['complete ROLLBACK', 'ready I'])
  })

  it('what is bound and not executed at once is refused, and did not run', async () => {
    expect(await client.ask(parse('', UPDATE), bind(['1']), flush(), execute(''), sync())).toEqual([
      'parseComplete',
      expect.stringMatching(/^error 0A000 the rights that it needs exist only while it runs/),
      'ready I',
    ])
    expect(await client.ask(bind(['1']), describeMessage('P', ''), sync())).toEqual([expect.stringMatching(/^error 0A000 /), 'ready I'])
    expect(await client.ask(execute(''), sync())).toEqual([expect.stringMatching(/^error 34000 /), 'ready I'])
    expect(told(fenced.facts)).toEqual(['skipped', 'skipped'])
  })

  it('a statement that was prepared before has the row security of the rights that it runs with, and loses it', async () => {
    const reading = 'SELECT count(*) FROM secrets'
    await client.ask(parse('s', reading), parse('w', `${reading} FOR UPDATE`.replace('count(*)', 'id')), sync())
    const read = async () => (await client.ask(bind([], { statement: 's' }), execute(''), sync())).filter((each) => each.startsWith('row'))
    const locked = async () => (await client.ask(bind([], { statement: 'w' }), execute(''), sync())).filter((each) => each.startsWith('row')).length
    expect(await read()).toEqual(['row 1'])
    expect(await locked()).toBe(5)
    expect(await read()).toEqual(['row 1'])
    await client.ask(query('BEGIN'))
    expect(await locked()).toBe(5)
    expect(await read()).toEqual(['row 1'])
    expect(await locked()).toBe(5)
    expect(await read()).toEqual(['row 1'])
    expect(await client.ask(query('COMMIT'))).toEqual(['complete COMMIT', 'ready I'])
  })

  it('the server itself would let a prepared statement write on, and read on with the wrong row security', async () => {
    const role = new pg.Client({ ...fenced.account, host: fenced.target.host, port: fenced.target.port })
    await role.connect()
    const update = { name: 'u', text: UPDATE, values: [3] }
    const read = { name: 's', text: 'SELECT count(*)::int AS count FROM secrets' }
    await fenced.give('app_write')
    await role.query('BEGIN')
    await role.query(update)
    expect((await role.query(read)).rows).toEqual([{ count: 5 }])
    await fenced.take('app_write')
    expect((await role.query(update)).rowCount).toBe(1)
    expect((await role.query(read)).rows).toEqual([{ count: 5 }])
    await role.query('DISCARD PLANS')
    expect((await role.query(read)).rows).toEqual([{ count: 1 }])
    await expect(role.query(update)).rejects.toMatchObject({ code: '42501' })
    await role.end()
  })

  it('a driver does not notice', async () => {
    const driver = new pg.Client({ connectionString: fenced.url() })
    await driver.connect()
    await driver.query('BEGIN')
    for (const id of [4, 5]) expect((await driver.query(UPDATE, [id])).rowCount).toBe(1)
    expect((await driver.query({ name: 'again', text: `${UPDATE} RETURNING id`, values: [6] })).rows).toEqual([{ id: 6 }])
    expect((await driver.query({ name: 'again', text: `${UPDATE} RETURNING id`, values: [7] })).rows).toEqual([{ id: 7 }])
    await driver.query('COMMIT')
    await expect(driver.query('SELECT * FROM pg_authid')).rejects.toMatchObject({ code: '42501' })
    await driver.end()
    expect(await fenced.ask('SELECT count(*)::int FROM orders WHERE id BETWEEN 4 AND 7 AND status = $$paid$$')).toEqual([4])
  })
})

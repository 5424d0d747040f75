import { copyData, copyDone, query } from '@countersign/wire/postgres/encode'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Refused } from '../packages/gateway/src/adapters/postgres/beside.ts'
import { type Fenced, openFenced, told } from './support/fenced.ts'
import { cancel, type RawClient } from './support/wire.ts'

const UPDATE = query("UPDATE orders SET status = 'paid' WHERE id = 1")
const SEED = `
  CREATE FUNCTION slow() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(30); RETURN 1; END $$;
`

describe.each([18, 15] as const)('rights on PostgreSQL %i', (version) => {
  let fenced: Fenced
  let client: RawClient
  const paid = async () => (await fenced.ask("SELECT count(*)::int FROM orders WHERE status = 'paid'"))[0]
  const settled = (facts: readonly string[]) => expect.poll(() => told(fenced.facts)).toEqual(facts)

  beforeAll(async () => {
    fenced = await openFenced({ version, seed: SEED })
  })
  afterAll(() => fenced?.close())
  beforeEach(async () => {
    client?.close()
    fenced.facts.length = 0
    fenced.beforeAdmin = () => undefined
    await fenced.ask("UPDATE orders SET status = 'new'")
    client = await fenced.login()
  })

  it('are there while a statement runs, and gone before the next', async () => {
    const during: unknown[] = []
    fenced.beforeAdmin = async (sql) => void (sql.startsWith('REVOKE') && during.push(await fenced.memberships()))
    expect(await client.ask(UPDATE)).toEqual(['complete UPDATE 1', 'ready I'])
    expect(await client.ask(query('SELECT status FROM orders WHERE id = 1'))).toEqual(['rowDescription', 'row paid', 'complete SELECT 1', 'ready I'])
    expect(during).toEqual([['app_read', 'app_write']])
    expect(await fenced.memberships()).toEqual(['app_read'])
    await settled(['granted app_write', 'UPDATE 1', 'revoked app_write', 'SELECT 1'])
    expect(new Set(fenced.facts.slice(0, 3).map(({ run }) => run)).size).toBe(1)
  })

  it('stay until the data of a COPY has come', async () => {
    client.send(query('COPY orders FROM STDIN'))
    expect(await client.told()).toBe('copyInResponse')
    expect(await fenced.memberships()).toEqual(['app_read', 'app_write'])
    expect(await client.ask(copyData(Buffer.from('101\tpaid\n')), copyDone())).toEqual(['complete COPY 1', 'ready I'])
    await settled(['granted app_write', 'COPY 1', 'revoked app_write'])
    await fenced.ask('DELETE FROM orders WHERE id > 100')
  })

  it('go when the statement is cancelled', async () => {
    client.send(query('SELECT slow()'))
    await expect.poll(() => fenced.ask("SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT slow()' AND state = 'active'")).toEqual([1])
    await cancel(fenced.place, client)
    expect(await client.told()).toBe('rowDescription')
    expect(await client.told()).toMatch(/^error 57014 /)
    expect(await client.told()).toBe('ready I')
    await settled(['granted app_write', '57014', 'revoked app_write'])
  })

  it('go when the client leaves', async () => {
    client.send(query('SELECT slow()'))
    await expect.poll(() => fenced.ask("SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT slow()' AND state = 'active'")).toEqual([1])
    client.close()
    await expect.poll(() => told(fenced.facts)).toEqual(expect.arrayContaining(['granted app_write', 'revoked app_write']))
    expect(await fenced.memberships()).toEqual(['app_read'])
    await fenced.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT slow()'")
  })

  it('that the target does not give are an error, and nothing has run', async () => {
    fenced.beforeAdmin = (sql) => {
      if (sql.startsWith('GRANT')) throw new Refused('42501', 'permission denied to grant role "app_write"', null)
    }
    expect(await client.ask(UPDATE)).toEqual([
      'error 58000 it was not sent to the target: the rights that it needs could not be granted: permission denied to grant role "app_write"',
      'ready I',
    ])
    expect(await client.ask(query('BEGIN'))).toEqual(['complete BEGIN', 'ready T'])
    expect(await client.ask(UPDATE)).toEqual([expect.stringMatching(/^error 58000 /), 'ready E'])
    expect(await client.ask(query('ROLLBACK'))).toEqual(['complete ROLLBACK', 'ready I'])
    expect(await paid()).toBe(0)
    await settled(['granted app_write', 'revoked app_write', 'not granted', 'BEGIN', 'granted app_write', 'revoked app_write', 'not granted', 'ROLLBACK'])
  })

  it('of which nobody knows whether they were given end the session', async () => {
    fenced.beforeAdmin = (sql) => {
      if (sql.startsWith('GRANT')) throw new Error('the connection to the target was lost')
    }
    client.send(UPDATE)
    expect(await client.last()).toContainEqual(
      expect.stringMatching(/^error 57P01 .*its rights on the target could not be taken back.*the connection to the target was lost/),
    )
    expect(await paid()).toBe(0)
  })

  it('that cannot be taken back end the session', async () => {
    fenced.beforeAdmin = (sql) => {
      if (sql.startsWith('REVOKE')) throw new Error('the connection to the target was lost')
    }
    client.send(UPDATE)
    expect(await client.last()).toEqual([
      'complete UPDATE 1',
      'ready I',
      expect.stringMatching(/^error 57P01 terminating connection: its rights on the target could not be taken back, so its account there is removed/),
    ])
    await fenced.take('app_write')
  })

  it.runIf(version >= 16)('that somebody else gave besides end the session', async () => {
    await fenced.ask(`GRANT app_write TO ${fenced.quoted}`)
    client.send(UPDATE)
    expect(await client.last()).toContainEqual(expect.stringMatching(/is still a member of app_write/))
    await fenced.ask(`REVOKE app_write FROM ${fenced.quoted}`)
  })

  it('that nobody mapped are not given, and the server says so', async () => {
    expect(await client.ask(query('CREATE ROLE other'))).toEqual([expect.stringMatching(/^error 42501 permission denied to create role/), 'ready I'])
  })
})

describe.each([18, 15] as const)('rights to read on PostgreSQL %i', (version) => {
  let fenced: Fenced

  beforeAll(async () => {
    fenced = await openFenced({ version, standing: [] })
  })
  afterAll(() => fenced?.close())

  it('stand from the first read on that policy allows by itself, and are opened for those that it does not', async () => {
    const client = await fenced.login()
    const read = query('SELECT count(*) FROM orders')
    fenced.reviewed = new Set(['sql:read'])
    expect(await client.ask(read)).toContain('row 20')
    await expect.poll(() => fenced.memberships()).toEqual([])
    expect(await client.ask(query('BEGIN'))).toEqual(['complete BEGIN', 'ready T'])
    expect(await client.ask(query('DECLARE c CURSOR WITH HOLD FOR SELECT id FROM orders'))).toEqual([expect.stringMatching(/^error 0A000 a cursor/), 'ready E'])
    await client.ask(query('ROLLBACK'))
    fenced.reviewed = new Set()
    expect(await client.ask(read)).toContain('row 20')
    expect(await fenced.memberships()).toEqual(['app_read'])
    expect(await client.ask(read)).toContain('row 20')
    expect(told(fenced.facts)).toEqual(['granted app_read', 'SELECT 1', 'revoked app_read', 'BEGIN', 'ROLLBACK', 'granted app_read', 'SELECT 1', 'SELECT 1'])
    client.close()
  })
})

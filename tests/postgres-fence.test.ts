import { query } from '@countersign/wire/postgres/encode'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Fenced, openFenced } from './support/fenced.ts'
import type { RawClient } from './support/wire.ts'

describe.each([18, 15] as const)('rights on PostgreSQL %i', (version) => {
  let fenced: Fenced
  let client: RawClient

  beforeAll(async () => {
    fenced = await openFenced({ version })
  })
  afterAll(() => fenced?.close())
  beforeEach(async () => {
    client?.close()
    fenced.facts.length = 0
    fenced.beforeAdmin = () => undefined
    client = await fenced.login()
  })

  it('are there while a statement runs, and gone before the next', async () => {
    const during: unknown[] = []
    fenced.beforeAdmin = async (sql) => void (sql.startsWith('REVOKE') && during.push(await fenced.memberships()))
    expect(await client.ask(query("UPDATE orders SET status = 'paid' WHERE id = 1"))).toEqual(['complete UPDATE 1', 'ready I'])
    expect(await client.ask(query('SELECT status FROM orders WHERE id = 1'))).toEqual(['rowDescription', 'row paid', 'complete SELECT 1', 'ready I'])
    expect(during).toEqual([['app_read', 'app_write']])
    expect(await fenced.memberships()).toEqual(['app_read'])
    expect(
      fenced.facts.map((fact) => (fact.fact === 'rights' ? `${fact.effect} ${fact.roles.join(',')} for ${fact.run}` : `${fact.run} ${fact.summary}`)),
    ).toEqual(['granted app_write for ses.1', 'ses.1 UPDATE 1', 'revoked app_write for ses.1', 'ses.2 SELECT 1'])
  })
})

import { expect, test } from 'vitest'
import { aGrant, aRequest } from '../../../../core/test/arbitraries.ts'
import { StoreUnavailable } from '../../../src/store/store.ts'
import type { Pair } from '../bed.ts'
import { aSession, aToken } from '../values.ts'

/** What somebody with a connection to the database might do to a row, and what the refusal says. */
const TAMPERED = [
  ['grants', `body = 'not JSON'`],
  ['grants', `body = '{}'`],
  ['grants', `body = replace(body, '"usesLeft":1', '"usesLeft":-1')`],
  ['grants', `body = replace(body, '"endReason":null', '"endReason":null,"more":1')`],
  ['grants', `body = replace(body, '"alice"', '"mallory"')`],
  ['grants', `username = 'mallory'`],
  ['grants', `ends_at = ends_at + 1`],
  ['requests', `status = 'approved'`],
  ['requests', `body = replace(body, '"pending"', '"approved"')`],
  ['sessions', `ended_at = 5`],
  ['sessions', `body = replace(body, '"gw-1"', '"gw-2"')`],
  ['tokens', `username = 'mallory'`],
  ['tokens', `body = replace(body, '"mayReview":true', '"mayReview":"yes"')`],
] as const

const IDS = { requests: 'req-1', grants: 'grant-1', sessions: 'session-1', tokens: 'token-1' } as const

export function hostileRows(pair: () => Pair): void {
  test.each(TAMPERED)('%s: %s', async (table, change) => {
    const { here, bed } = pair()
    await here.requests.open(aRequest())
    await here.grants.insert(aGrant())
    await here.sessions.insert(aSession())
    await here.tokens.insert(aToken())
    expect(await here[table].get(IDS[table])).not.toBeNull()
    await bed.sql(`update ${bed.schema}${table} set ${change}`)
    const refusal = await here[table].get(IDS[table]).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(StoreUnavailable)
    expect(String(refusal)).toContain(`row ${IDS[table]} of the store's table ${table}`)
    await expect(here[table].list({})).rejects.toThrow(`table ${table}`)
  })
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { type Behind, openBehind } from './support/behind.ts'

/** What the parser's grammar has words for, and a server of 15 calls as any function; how one that calls `evil` is made there. */
const CALLS: readonly (readonly [call: string, signature: string])[] = [
  ['JSON_SCALAR(1)', 'json_scalar(int)'],
  ["JSON('1'::text)", 'json(text)'],
  ["JSON_SERIALIZE('1'::text)", 'json_serialize(text)'],
  ['JSON_OBJECT()', 'json_object()'],
  ['JSON_ARRAY(1)', 'json_array(int)'],
  ["JSON_VALUE('{}'::text, '$')", 'json_value(text, text)'],
  ["JSON_QUERY('{}'::text, '$')", 'json_query(text, text)'],
  ["JSON_EXISTS('{}'::text, '$')", 'json_exists(text, text)'],
  ['JSON_ARRAYAGG(1)', 'json_arrayagg(int)'],
  ['MERGE_ACTION()', 'merge_action()'],
]

describe('a call that a newer grammar has words for', () => {
  let behind: Behind

  beforeAll(async () => {
    behind = await openBehind({ version: 15 })
  })

  afterAll(() => behind?.close())

  it.each(CALLS)('is the function of somebody to an older server: %s', async (call, signature) => {
    await behind.direct(`CREATE FUNCTION ${signature} RETURNS int LANGUAGE sql AS 'SELECT evil(1)'`)
    const client = await behind.connect()
    expect(await behind.outcome(client, `SELECT ${call}`)).toMatch(/is not known to only read/)
    await behind.direct(`DROP FUNCTION ${signature}`)
    await client.end()
  })

  it('is what the grammar says where nobody has such a function', async () => {
    const client = await behind.connect()
    for (const [call] of CALLS) expect(await behind.outcome(client, `SELECT ${call}`)).toMatch(/^function \w+\(.*\) does not exist|^runs/)
    await client.end()
  })

  it('has run nothing, and leaves nothing behind', async () => {
    expect(await behind.stage.runs()).toBe(0)
    expect(await leftovers(behind.stage)).toEqual([])
  })
})

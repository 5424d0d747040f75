import { bind as bindMessage, execute, parse, query, sync } from '@countersign/wire/postgres/encode'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { type Behind, openBehind } from './support/behind.ts'
import { RawClient } from './support/wire.ts'

const SEED = 'CREATE FUNCTION number_of(varchar) RETURNS int LANGUAGE sql AS $$ SELECT evil(1) $$;'
const CAST = '(varchar AS int)'
const RUN = [bindMessage({ portal: '', statement: 's', formats: [], values: [], resultFormats: [] }), execute(''), sync()]
/** As PostgreSQL's own conversion says of a name. */
const OWN = expect.stringMatching(/^error 22P02 invalid input syntax for type integer/) as string

describe('a statement that was prepared while there was a cast of somebody’s', () => {
  let behind: Behind
  let own: RawClient

  beforeAll(async () => {
    behind = await openBehind({ seed: SEED })
  })

  beforeEach(async () => {
    own = await RawClient.login(behind.stage.gateway.postgres, behind.stage.alice)
  })

  afterAll(() => behind?.close())

  it.each([
    ['this session', () => Promise.resolve(own)],
    ['another session', () => RawClient.login(behind.stage.gateway.postgres, behind.stage.alice)],
  ])('does not use it once %s has dropped it, which is what it was judged as', async (_, dropping) => {
    expect(await own.ask(query(`CREATE CAST ${CAST} WITH FUNCTION number_of(varchar)`))).toContain('complete CREATE CAST')
    expect(await own.ask(parse('s', 'SELECT name::int FROM public.people'), sync())).toContain('parseComplete')
    const other = await dropping()
    expect(await other.ask(query(`DROP CAST ${CAST}`))).toContain('complete DROP CAST')
    expect(await own.ask(...RUN)).toContainEqual(OWN)
    other.close()
    own.close()
  })

  it('has run nothing that it was not judged as, and leaves nothing behind', async () => {
    own.close()
    expect(await behind.stage.runs()).toBe(0)
    expect(await leftovers(behind.stage)).toEqual([])
  })
})

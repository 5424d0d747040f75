import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cli } from '../packages/cli/test/cli.ts'
import { openStage, type Person, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:session", Action::"sql:read"], resource);
@id("writes") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`
const SEED = `
  CREATE TABLE people (name varchar);
  CREATE FUNCTION lower(varchar) RETURNS text LANGUAGE sql AS $$ DELETE FROM orders RETURNING 'x' $$;
  CREATE FUNCTION twice(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 * 2';
  CREATE VIEW numbers AS SELECT nextval('runs') AS n;
`
/** What a session runs, or is refused, at once. */
const TEXTS = [
  'SELECT upper(name) FROM people',
  'SELECT lower(name) FROM people',
  'SELECT twice(2)',
  'TABLE orders; SET search_path = public; TABLE people',
  'EXECUTE nothing',
]

/** What policy is said to decide, by type of statement. */
const told = async ({ api }: Person, resource: string, action: string) =>
  (await api.explain({ resource, action })).statements.map(({ type, because, decision }) => ({ type, because, effect: decision.effect }))

describe('what policy explain says of a statement', () => {
  let stage: Stage
  let session: pg.Client

  beforeAll(async () => {
    stage = await openStage({
      policy: POLICY,
      seed: SEED,
      resources: { db: { functions: { trusted: ['public.twice'] } }, nowhere: { url: 'postgres://127.0.0.1:1/postgres' } },
    })
    session = new pg.Client({ ...stage.gateway.postgres, user: stage.alice.user, password: stage.alice.token, database: 'db' })
    await session.connect()
  })

  afterAll(async () => {
    await session?.end()
    await stage?.close()
  })

  it.each(TEXTS)('is what a session is told: %s', async (text) => {
    const statements = await told(stage.alice, 'db', text)
    const why = statements.find(({ because }) => because !== null)?.because ?? null
    const detail = await session.query(text).then(
      () => null,
      (error: unknown) => (error instanceof pg.DatabaseError ? error.detail : String(error)),
    )
    if (why === null) expect(detail).toBeNull()
    else expect(detail).toContain(why)
  })

  it('goes by what the live catalog says of its names', async () => {
    expect(await told(stage.alice, 'db', 'SELECT upper(name) FROM people')).toEqual([{ type: 'sql:read', because: null, effect: 'allow' }])
    expect(await told(stage.alice, 'db', 'SELECT lower(name) FROM people')).toEqual([
      { type: 'sql:unknown', because: expect.stringContaining('lower may be public.lower'), effect: 'deny' },
    ])
    expect(await told(stage.alice, 'db', 'SELECT * FROM numbers')).toEqual([{ type: 'sql:write', because: null, effect: 'review' }])
    const { stdout } = await cli(['policy', 'explain', 'db', '--action', 'SELECT lower(name) FROM people'], {
      env: { COUNTERSIGN_GATEWAY: stage.gateway.url, COUNTERSIGN_TOKEN: stage.alice.token },
    })
    expect(stdout).toContain('unknown, because lower may be public.lower')
  })

  it('is unknown where the target cannot be asked, and says so', async () => {
    expect(await told(stage.alice, 'nowhere', 'TABLE orders')).toEqual([
      { type: 'sql:unknown', because: expect.stringContaining('the target could not be asked: '), effect: 'deny' },
    ])
  })

  it('is not asked of the target for somebody who may not connect to it', async () => {
    expect(await told(stage.bob, 'db', 'TABLE orders')).toEqual([
      { type: 'sql:unknown', because: 'the target is not asked for bob@example.com, who may not connect to it', effect: 'deny' },
    ])
    const ask = (who: Person) => who.api.ask({ resource: 'nowhere', action: 'TABLE orders' })
    await expect(ask(stage.alice)).rejects.toThrow(/ECONNREFUSED/)
    await expect(ask(stage.bob)).rejects.toThrow(/no policy permits bob@example.com/)
    expect((await stage.erin.api.explain({ resource: 'db', user: 'bob@example.com', action: 'TABLE orders' })).statements[0]?.type).toBe('sql:read')
  })
})

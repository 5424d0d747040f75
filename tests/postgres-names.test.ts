import { bind as bindMessage, close, execute, flush, parse, query, sync } from '@countersign/wire/postgres/encode'
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'
import { RawClient } from './support/wire.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("ddl") permit (principal in Group::"engineering", action == Action::"sql:unknown", resource == Resource::"lax");
@id("writes") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`
const WRITE = 'DELETE FROM orders WHERE id = 7'
const DENIED = expect.stringMatching(/^error 42501 /) as string
const HELD = expect.stringMatching(/^notice 00000 held /) as string

const bind = (statement = '', portal = '') => bindMessage({ portal, statement, formats: [], values: [], resultFormats: [] })

describe('a name in SQL and in the protocol', () => {
  let stage: Stage
  let own: RawClient

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, resources: { db: {}, lax: {} } })
  })

  beforeEach(async () => {
    own = await RawClient.login(stage.gateway.postgres, stage.alice)
  })

  afterEach(async () => {
    own.close()
    for (const { id } of await stage.alice.api.requests({ status: 'pending' })) await stage.alice.api.withdraw({ id })
  })

  afterAll(() => stage?.close())

  it('is judged as what the server has, when another Parse of it failed as 42P05', async () => {
    await own.ask(parse('a', WRITE), sync())
    expect(await own.ask(parse('a', 'SELECT 1'), sync())).toEqual([expect.stringMatching(/^error 42P05/), 'ready I'])
    own.send(bind('a'), execute(''), sync())
    expect(await own.told()).toEqual(HELD)
  })

  it('is judged as what it was, when its next Parse was skipped after an error', async () => {
    await own.ask(parse('', WRITE), sync())
    const answers = await own.ask(parse('bad', 'SELEC'), parse('', 'SELECT 1'), sync())
    expect(answers).toEqual([expect.stringMatching(/^error 42601/), 'ready I'])
    own.send(bind(), execute(''), sync())
    expect(await own.told()).toEqual(HELD)
  })

  it('is judged as what it was, when its next Parse was not sent because something before it had failed meanwhile', async () => {
    await own.ask(parse('a', WRITE), sync())
    const long = `SELECT ${Array.from({ length: 60_000 }, (_, n) => n).join(',')}` // is read beside, and the error comes meanwhile
    const failing = [parse('', 'SELECT count(*) / 0 FROM generate_series(1, 300000)'), bind(), execute('')]
    expect((await own.ask(...failing, flush(), parse('a', long), sync())).slice(2)).toEqual([expect.stringMatching(/^error 22012 /), 'ready I'])
    own.send(bind('a'), execute(''), sync())
    expect(await own.told()).toEqual(HELD)
  })

  it('is judged as its newest text, when it was closed and prepared again in one batch', async () => {
    await own.ask(parse('a', 'SELECT 1'), sync())
    own.send(close('S', 'a'), parse('a', WRITE), bind('a'), execute(''), sync())
    expect([await own.told(), await own.told(), await own.told()]).toEqual(['closeComplete', 'parseComplete', HELD])
  })

  it('is one and the same in PREPARE and Parse', async () => {
    expect(await own.ask(parse('a', WRITE), sync())).toContain('parseComplete')
    expect(await own.ask(query('PREPARE a AS SELECT 1'))).toEqual([expect.stringMatching(/^error 42P05/), 'ready I'])
    own.send(query('EXECUTE a'))
    expect(await own.told()).toEqual(HELD)
  })

  it('of a read by PREPARE may be bound, and is gone after DEALLOCATE', async () => {
    expect(await own.ask(query('PREPARE r AS SELECT 5'))).toEqual(['complete PREPARE', 'ready I'])
    expect(await own.ask(bind('r'), execute(''), sync())).toEqual(['bindComplete', 'row 5', 'complete SELECT 1', 'ready I'])
    expect(await own.ask(query('EXECUTE r'))).toContain('row 5')
    expect(await own.ask(query('DEALLOCATE r'))).toEqual(['complete DEALLOCATE', 'ready I'])
    expect(await own.ask(bind('r'), sync())).toEqual([expect.stringMatching(/^error 26000/), 'ready I'])
    await own.ask(parse('r', WRITE), sync())
    own.send(query('EXECUTE r'))
    expect(await own.told()).toEqual(HELD)
  })

  it('is judged anew in each batch: EXECUTE that was parsed runs what its name means now', async () => {
    await own.ask(parse('a', 'SELECT 5'), parse('run', 'EXECUTE a'), sync())
    expect(await own.ask(bind('run'), execute(''), sync())).toContain('row 5')
    await own.ask(close('S', 'a'), parse('a', WRITE), sync())
    own.send(bind('run'), execute(''), sync())
    expect(await own.told()).toEqual(HELD)
  })

  it('of nobody is unknown in EXECUTE, and so is a cursor that was never declared', async () => {
    expect(await own.ask(query('EXECUTE nobody'))).toEqual([DENIED, 'ready I'])
    expect(await own.ask(query('FETCH ALL FROM nobody'))).toEqual([DENIED, 'ready I'])
  })

  it.each([
    'PREPARE p AS SELECT 1',
    'DEALLOCATE p',
    'DECLARE c CURSOR FOR SELECT 1',
    'CLOSE c',
    'ROLLBACK',
    'COPY orders TO STDOUT',
    "SET lock_timeout = '1s'",
  ])('of %s, which no PREPARE could give, is unknown in EXECUTE', async (text) => {
    await own.ask(query('PREPARE p AS SELECT 5'))
    await own.ask(query('BEGIN; DECLARE c CURSOR FOR SELECT 6; SAVEPOINT s'))
    await own.ask(parse('a', text), sync())
    expect(await own.ask(query('EXECUTE a'))).toEqual([DENIED, 'ready E'])
    await own.ask(query('ROLLBACK TO s'))
    expect(await own.ask(parse('', 'EXECUTE a'), bind(), execute(''), sync())).toContainEqual(DENIED)
    await own.ask(query('ROLLBACK TO s'))
    expect(await own.ask(query('EXECUTE p'))).toContain('row 5')
    expect(await own.ask(query('FETCH c'))).toContain('row 6')
  })

  it('means nothing any more once something unreadable has run', async () => {
    const lax = await RawClient.login(stage.gateway.postgres, stage.alice, 'lax')
    await lax.ask(query('PREPARE a AS SELECT 1'))
    expect(await lax.ask(query(`DO $$ BEGIN DEALLOCATE a; PREPARE a AS ${WRITE}; END $$`))).toContain('ready I')
    // What policy allows there is unknown, and neither the read nor the write is what it is taken for.
    await expect.poll(async () => (await stage.erin.api.requests({})).filter(({ status }) => status === 'pending')).toEqual([])
    lax.close()
  })

  it('is of nothing that was bound, once something unreadable has run, though some of it has been read', async () => {
    const lax = await RawClient.login(stage.gateway.postgres, stage.alice, 'lax')
    const before = await stage.runs()
    await lax.ask(query('BEGIN'))
    expect(await lax.ask(parse('', 'SELECT generate_series(1, 3)'), bind('', 'p'), execute('p', 1), sync())).toContain('row 1')
    const another = "DO $$ DECLARE c refcursor := 'p'; BEGIN CLOSE c; OPEN c FOR SELECT nextval('runs'); END $$"
    expect(await lax.ask(query(another))).toEqual(['complete DO', 'ready T'])
    expect(await lax.ask(execute('p'), sync())).toEqual([expect.stringMatching(/^error 34000 /), 'ready E'])
    expect(await stage.runs()).toBe(before)
    lax.close()
  })

  it('that the gateway might want for itself can be taken, and holds go on', async () => {
    await own.ask(query('BEGIN'))
    await own.ask(parse('countersign_state', 'SELECT 1'), parse('countersign refused the statement', 'SELECT 1'), sync())
    own.send(query(WRITE))
    expect(await own.told()).toEqual(HELD)
  })

  it('has run nothing, and leaves nothing behind', async () => {
    own.close()
    expect(await stage.runs()).toBe(0)
    expect(await leftovers(stage)).toEqual([])
  })
})

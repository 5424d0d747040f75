import { bind as bindMessage, execute, parse, query, sync } from '@countersign/wire/postgres/encode'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { type Behind, openBehind } from './support/behind.ts'
import { RawClient } from './support/wire.ts'

const EVIL = 'LANGUAGE sql AS $$ SELECT evil(1)::text $$'
const SEED = `CREATE SCHEMA app; CREATE FUNCTION app.lower(varchar) RETURNS text ${EVIL};`
const CHANGED = expect.stringMatching(/^error 55000 .*has changed since it was bound/) as string

const bind = (portal: string) => bindMessage({ portal, statement: '', formats: [], values: [], resultFormats: [] })

describe('a portal that was bound, and is executed later', () => {
  let behind: Behind
  let own: RawClient

  beforeAll(async () => {
    behind = await openBehind({ seed: SEED })
  })

  beforeEach(async () => {
    own = await RawClient.login(behind.stage.gateway.postgres, behind.stage.alice)
    await own.ask(query('PREPARE e(text) AS SELECT $1'))
    await own.ask(query('BEGIN'))
  })

  afterEach(() => own.close())

  afterAll(() => behind?.close())

  // Of the first two the server looks the names up when they run; the third runs as whoever the session is then.
  const STATEMENTS = [
    'COPY (SELECT lower(name) FROM public.people) TO STDOUT',
    "EXECUTE e(lower(varchar 'X'))",
    'SELECT lower(name) FROM public.people',
  ] as const

  it.each(STATEMENTS)('is refused behind another search_path: %s', async (text) => {
    expect(await own.ask(parse('', text), bind('p'), sync())).toContain('bindComplete')
    expect(await own.ask(query('SET LOCAL search_path = app, public'))).toContain('complete SET')
    expect(await own.ask(execute('p'), sync())).toContainEqual(CHANGED)
  })

  it('is refused in the pipeline that sets another search_path', async () => {
    const set = [parse('', 'SET LOCAL search_path = app, public'), bind(''), execute('')]
    expect(await own.ask(parse('', STATEMENTS[0]), bind('p'), ...set, execute('p'), sync())).toContainEqual(CHANGED)
  })

  it('is refused behind what another session has made, where its names are looked up when it runs', async () => {
    expect(await own.ask(parse('', STATEMENTS[0]), bind('p'), sync())).toContain('bindComplete')
    const other = await RawClient.login(behind.stage.gateway.postgres, behind.stage.alice)
    await other.ask(query(`CREATE FUNCTION public.lower(varchar) RETURNS text ${EVIL}`))
    expect(await own.ask(execute('p'), sync())).toContainEqual(CHANGED)
    await other.ask(query('DROP FUNCTION public.lower(varchar)'))
    other.close()
  })

  it.each(STATEMENTS)('is refused behind another search_path, though an Execute of it was sent and did not run: %s', async (text) => {
    expect(await own.ask(parse('', text), bind('p'), sync())).toContain('bindComplete')
    await own.ask(query('SAVEPOINT s'))
    expect((await own.ask(parse('', 'SELEC'), execute('p'), sync())).at(-1)).toBe('ready E')
    expect(await own.ask(query('ROLLBACK TO s'))).toContain('ready T')
    expect(await own.ask(query('SET LOCAL search_path = app, public'))).toContain('complete SET')
    expect(await own.ask(execute('p'), sync())).toContainEqual(CHANGED)
  })

  it('runs where nothing has changed', async () => {
    for (const text of STATEMENTS) {
      expect(await own.ask(parse('', text), bind(text), sync())).toContain('bindComplete')
      await own.ask(query('SELECT 1'))
      expect((await own.ask(execute(text), sync())).join()).toMatch(/complete (COPY|SELECT) 1,ready T/)
    }
  })

  it.each(['SELECT n FROM generate_series(1, 3) AS n', 'EXECUTE many'])('goes on as it has begun: %s', async (text) => {
    await own.ask(query('PREPARE many AS SELECT n FROM generate_series(1, 3) AS n'))
    expect(await own.ask(parse('', text), bind('p'), execute('p', 1), sync())).toContain('portalSuspended')
    await own.ask(query('CREATE TABLE made_meanwhile (id int)'))
    await own.ask(query('DEALLOCATE many'))
    expect(await own.ask(execute('p', 0), sync())).toEqual(['row 2', 'row 3', expect.stringMatching(/^complete /), 'ready T'])
  })

  it('has run nothing that it was not judged as, and leaves nothing behind', async () => {
    own.close()
    expect(await behind.stage.runs()).toBe(0)
    expect(await leftovers(behind.stage)).toEqual([])
  })
})

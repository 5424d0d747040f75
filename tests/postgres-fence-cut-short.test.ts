import { bind as bindMessage, execute, parse, query, sync } from '@countersign/wire/postgres/encode'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Fenced, openFenced, told } from './support/fenced.ts'
import { cancel, RawClient } from './support/wire.ts'

const UPDATE = "UPDATE orders SET status = 'paid' WHERE id = 1"
const READ = 'SELECT count(*) FROM orders'
const unnamed = bindMessage({ portal: '', statement: '', formats: [], values: [], resultFormats: [] })
const pipeline = (sql: string) => [parse('', sql), unnamed, execute(''), sync()]
const SESSIONS = "SELECT 1 FROM pg_stat_activity WHERE usename LIKE 'cs %' AND application_name NOT LIKE '%catalog'"
const NOT_SENT = expect.stringMatching(/^error 58000 it was not sent to the target: its session could not take note of .*: canceling statement/) as string

describe.each([18, 15] as const)('what the fence asks a session on PostgreSQL %i', (version) => {
  let fenced: Fenced
  let client: RawClient
  const lockers: RawClient[] = []

  beforeAll(async () => {
    fenced = await openFenced({ version, standing: [] })
  })
  beforeEach(async () => {
    client = await fenced.login()
    await client.ask(query(UPDATE)) // so that the catalog is known, and nobody is asked for it later
    await client.ask(query('BEGIN; ROLLBACK'))
    fenced.facts.length = 0
  })
  afterEach(async () => {
    fenced.beforeAdmin = () => undefined
    for (const locker of lockers.splice(0)) locker.close()
    client.close()
    await vi.waitUntil(async () => (await fenced.ask(SESSIONS)).length === 0)
    for (const role of ['app_read', 'app_write']) await fenced.take(role)
  })
  afterAll(() => fenced?.close())

  /** It waits for as long as this view is locked: the fence reads pg_cursors, and the question where the session stands reads pg_settings. */
  async function lock(view: string): Promise<() => Promise<void>> {
    const locker = await RawClient.login(fenced.target, { user: fenced.target.superuser, token: fenced.target.password }, 'postgres')
    lockers.push(locker)
    expect(await locker.ask(query(`BEGIN; LOCK TABLE pg_catalog.${view}`))).toContain('ready T')
    return async () => void (await locker.ask(query('ROLLBACK')))
  }
  const WAITING = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename LIKE 'cs %'"
  const waits = () => expect.poll(() => fenced.ask(`SELECT 1 ${WAITING}`)).toEqual([1])
  const cutShort = async () => {
    await waits()
    await fenced.ask(`SELECT pg_cancel_backend(pid) ${WAITING}`)
  }

  it('is not hit by a cancel request that came for what was asked before it', async () => {
    const [unlockSettings, unlockCursors] = [await lock('pg_settings'), await lock('pg_cursors')]
    client.send(query(UPDATE))
    await waits()
    const openWay = fenced.closeWay()
    const cancelled = cancel(fenced.place, client)
    await new Promise((resolve) => setTimeout(resolve, 100))
    await unlockSettings()
    await expect.poll(() => told(fenced.facts)).toEqual(['granted app_write'])
    await new Promise((resolve) => setTimeout(resolve, 300)) // what is asked now waits for the other lock, or is not asked yet
    openWay()
    await cancelled
    await new Promise((resolve) => setTimeout(resolve, 300))
    await unlockCursors()
    expect(await client.ask()).toEqual(['complete UPDATE 1', 'ready I'])
    expect(await client.ask(query(UPDATE))).toEqual(['complete UPDATE 1', 'ready I'])
  })

  it.each([
    ['a Query', [query(UPDATE)]],
    ['a pipeline', pipeline(UPDATE)],
    ['a read that would stand', [query(READ)]],
    ['a pipeline that reads', pipeline(READ)],
  ] as const)('and is cut short before %s leaves that unsent, and the session goes on', async (_, messages) => {
    for (const [before, status, after] of [
      [[], 'I', []],
      [[query('BEGIN')], 'E', [query('ROLLBACK')]],
    ] as const) {
      if (before.length > 0) await client.ask(...before)
      const unlock = await lock('pg_cursors')
      client.send(...messages)
      await cutShort()
      await unlock()
      expect((await client.ask()).filter((each) => each !== 'parseComplete')).toEqual([NOT_SENT, `ready ${status}`])
      if (after.length > 0) expect(await client.ask(...after)).toEqual(['complete ROLLBACK', 'ready I'])
    }
    expect((await client.ask(...messages)).join()).toMatch(/complete (UPDATE|SELECT) 1,ready I$/)
    expect(told(fenced.facts)).toContain('not granted')
  })

  it('and is cut short in a pipeline ends that, so that nothing of it is left', async () => {
    const unlock = await lock('pg_cursors')
    client.send(parse('', 'SELECT 5 AS five'), unnamed, execute(''), ...pipeline(UPDATE))
    await cutShort()
    await unlock()
    expect((await client.ask()).at(-1)).toBe('ready I')
    expect(await client.ask(query(UPDATE))).toEqual(['complete UPDATE 1', 'ready I'])
  })

  it('behind a statement is asked again', async () => {
    let unlock: () => Promise<void> = () => Promise.resolve()
    fenced.beforeAdmin = async (sql) => void (sql.startsWith('REVOKE') && (unlock = await lock('pg_cursors')))
    expect(await client.ask(query(UPDATE))).toEqual(['complete UPDATE 1', 'ready I'])
    await cutShort()
    await waits()
    await unlock()
    fenced.beforeAdmin = () => undefined
    expect(await client.ask(query(UPDATE))).toEqual(['complete UPDATE 1', 'ready I'])
    await expect.poll(() => told(fenced.facts).filter((fact) => fact.startsWith('revoked'))).toHaveLength(2)
  })

  it('behind a statement in a transaction ends the session: what it was told is done is not', async () => {
    await client.ask(query('BEGIN'))
    const asked = 'EXECUTE ON FUNCTION pg_catalog.pg_has_role(name, name, text)'
    fenced.beforeAdmin = async (sql) => void (sql.startsWith('REVOKE') && (await fenced.ask(`REVOKE ${asked} FROM PUBLIC`)))
    expect(await client.ask(query(UPDATE))).toEqual(['complete UPDATE 1', 'ready T'])
    expect(await client.last()).toEqual([expect.stringMatching(/^error 57P01 .*could not be taken back/)])
    await fenced.ask(`GRANT ${asked} TO PUBLIC`)
  })
})

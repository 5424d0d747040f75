import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Differential } from './support/differential/differential.ts'
import { shrink } from './support/differential/shrink.ts'

/** Some of it is the same at each run, some is new; a failure names its seed. `STATEMENTS=1000000` makes a night of it, as scripts/differential.ts does. */
const STATEMENTS = Number(process.env['STATEMENTS'] ?? 10_000)
const random = () => Math.floor(Math.random() * 1_000_000)
const MINUTES = Math.max(2, STATEMENTS / 3_000)

/** Statements that change something, and what must be seen to have changed: no eye of the test is shut. */
const SEEN: readonly (readonly [text: string, changed: RegExp])[] = [
  ['DELETE FROM orders WHERE id = 7', /table orders/],
  ["SELECT nextval('counter')", /sequences|wal/],
  ['SELECT harm(1)', /table traces/],
  ['SELECT h FROM harmful WHERE id = 1', /table traces/],
  ["SELECT lo_from_bytea(0, 'x')", /table pg_largeobject/],
  ['SELECT pg_current_xact_id()', /transactions/],
  ["SELECT pg_notify('orders', 'x')", /heard/],
  ["SELECT pg_logical_emit_message(false, 'a', 'b')", /wal/],
  ['SELECT pg_switch_wal()', /wal/],
  ['SELECT pg_reload_conf()', /reloaded/],
  ['TABLE outside', /file read/],
  ['SELECT count(*) FROM seen_outside', /file read/],
  ["ALTER SYSTEM SET work_mem = '5MB'", /file postgresql\.auto\.conf/],
  ["ALTER ROLE postgres SET work_mem = '5MB'", /table pg_db_role_setting/],
  ['SELECT pg_stat_reset()', /resets/],
  ["SELECT pg_stat_reset_shared('bgwriter')", /resets/],
  ['SELECT pg_log_backend_memory_contexts(pg_backend_pid())', /log/],
  ['SELECT pg_advisory_lock(1)', /an advisory lock/],
  ["SELECT set_config('search_path', 'pg_temp', false)", /search_path/],
  ['SET ROLE pg_monitor', /pg_monitor postgres/],
  ['SELECT pg_cancel_backend(pg_backend_pid())', /interrupted.*user request/],
  ['SELECT pg_terminate_backend(pg_backend_pid())', /interrupted|cut/],
  ['EXPLAIN CREATE TEMPORARY TABLE made AS SELECT 1', /pg_namespace/],
  ["SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bystander'", /others|cut/],
]

describe('a statement that is called a read changes nothing', () => {
  it.each([
    [18, 'with the same seed each time', 20261125, 0.3],
    [18, 'with a seed of its own', random(), 0.3],
    [15, 'with a seed of its own', random(), 0.2],
    [18, 'in a session with temporary objects', random(), 0.1],
    [15, 'in a session with temporary objects', random(), 0.1],
  ] as const)('on PostgreSQL %i, %s (%i)', { timeout: MINUTES * 60_000 }, async (version, which, seed, share) => {
    await using differential = await Differential.open({ version, temporary: which.includes('temporary') })
    const { statements, reads, succeeded, failures, unexplained } = await differential.run(seed, STATEMENTS * share)
    expect({ failures, unexplained }).toEqual({ failures: [], unexplained: [] })
    expect(statements).toBe(STATEMENTS * share)
    expect(reads / statements).toBeGreaterThan(0.35) // or it would say little
    expect(succeeded / reads).toBeGreaterThan(0.6)
  })
})

describe('the differential test', () => {
  let differential: Differential

  beforeAll(async () => {
    differential = await Differential.open()
  })

  afterAll(() => differential?.[Symbol.asyncDispose]())

  it.each(SEEN)('sees what %s changes, which is no read', { timeout: 60_000 }, async (text, changed) => {
    expect(await differential.isRead(text)).toBe(false)
    expect((await differential.changes(text)).join(', ')).toMatch(changed)
  })

  it('sees nothing where nothing changes', async () => {
    expect(await differential.changes('SELECT * FROM harmless, pg_catalog.pg_class ORDER BY 1')).toEqual([])
    expect(await differential.changes('SELECT attributes -> $$a$$, place <@ $$top$$, mail = $$m1@example.com$$ FROM tagged; TABLE tags')).toEqual([])
    expect(await differential.changes("COPY (SELECT 1) TO STDOUT; LISTEN orders; SET timezone = 'UTC'; PREPARE p AS SELECT 1")).toEqual([])
  })

  it('sees a file that is written beside the database', async () => {
    expect(await differential.changes(`COPY (SELECT 1) TO '${differential.outside}/no/folder'`)).toEqual([])
    expect(await differential.changes(`COPY (SELECT 1) TO '${differential.outside}/written'`)).toEqual(['file written'])
  })

  it.each(['nextval', 'pg_reload_conf'])(
    'finds %s where a classifier takes it for a read, and says a shorter statement that shows it',
    { timeout: 90_000 },
    async (name) => {
      await using planted = await Differential.open({ trusted: [`pg_catalog.${name}`] })
      const { failures } = await planted.run(1, 2_000, { most: 1, batch: 100 })
      expect(failures).toHaveLength(1)
      expect(failures[0]?.shrunk).toContain(name)
      expect(failures[0]?.shrunk.length).toBeLessThanOrEqual(failures[0]?.text.length ?? 0)
    },
  )
})

it('shrinks to what it takes', async () => {
  const found = await shrink("SELECT a, 'b c', f(harm(1)) FROM t WHERE x = 'y' LIMIT 3", (smaller) => Promise.resolve(smaller.includes('harm(1)')))
  expect(found).toBe('harm(1)')
})

import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lacks } from './support/needs.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("prepares") permit (principal, action in [Action::"sql:ddl", Action::"sql:admin"], resource == Resource::"asking");
@id("writes") @review("dba") @grants("shape") permit (principal in Group::"engineering", action == Action::"sql:write", resource) unless { ["free", "uncounted", "facts", "slow"].contains(resource.name) };
@id("big-writes") @review("security") forbid (principal, action == Action::"sql:write", resource == Resource::"db") when { context.rows > 2 };
@id("small") permit (principal, action == Action::"sql:write", resource == Resource::"free") when { context.rowsKnown && context.rows <= 2 };
@id("counted") permit (principal, action == Action::"sql:write", resource) when { ["uncounted", "slow"].contains(resource.name) && context.rowsKnown };
@id("facts") permit (principal, action == Action::"sql:write", resource == Resource::"facts");
@id("tables") @message("no tables") forbid (principal, action == Action::"sql:write", resource == Resource::"facts") when { context.tables.contains("item_notes") };
@id("columns") @message("no columns") forbid (principal, action == Action::"sql:write", resource == Resource::"facts") when { context.columns.containsAll(["id", "order_id"]) && !context.columns.contains("status") && context.rows == 10 };
@id("unbounded") @message("no unbounded") forbid (principal, action == Action::"sql:write", resource == Resource::"facts") when { context.unbounded };
@id("too-many") @message("ten rows at most") forbid (principal, action == Action::"sql:write", resource == Resource::"free") when { context.rows > 10 };
`

/** Whatever a count costs, it is begun. */
const FOREVER = { maxCost: 1e15 }
/** Each costs the half second that a question to the target may take; four at once, no more than this get a turn before their three seconds are over. */
const FLOOD = 30
const slowText = (id: number) => `DELETE FROM orders WHERE id = ${id} AND EXISTS (SELECT FROM big a, big b WHERE a.id * 1.5 = b.id * 3.5 AND a.pad > b.pad)`

const SEED = `
  CREATE TABLE items (id int, order_id int REFERENCES orders ON DELETE CASCADE ON UPDATE SET NULL);
  CREATE TABLE item_notes (item int);
  INSERT INTO items SELECT i, 1 + i % 4 FROM generate_series(1, 40) AS i;
  CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
  CREATE TRIGGER audit BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION pass();
  CREATE TRIGGER asleep BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION pass();
  ALTER TABLE orders DISABLE TRIGGER asleep;
  CREATE VIEW newest AS SELECT * FROM orders;
  CREATE TABLE ruled AS SELECT 1 AS id;
  CREATE RULE twice AS ON DELETE TO ruled DO ALSO INSERT INTO item_notes VALUES (1);
  CREATE FUNCTION count_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
  CREATE TRIGGER count_notes AFTER INSERT ON item_notes FOR EACH ROW EXECUTE FUNCTION count_note();
  CREATE VIEW shown AS SELECT * FROM orders;
  CREATE TRIGGER instead INSTEAD OF DELETE ON shown FOR EACH ROW EXECUTE FUNCTION pass();
  CREATE TABLE top (id int PRIMARY KEY, code int UNIQUE);
  CREATE TABLE middle (id int PRIMARY KEY, top int UNIQUE REFERENCES top (code) ON UPDATE CASCADE ON DELETE SET NULL);
  CREATE TABLE bottom (middle int REFERENCES middle (top) ON UPDATE CASCADE) PARTITION BY HASH (middle);
  CREATE TABLE bottom_a PARTITION OF bottom FOR VALUES WITH (MODULUS 1, REMAINDER 0);
  CREATE TRIGGER audit_middle AFTER UPDATE ON middle FOR EACH ROW EXECUTE FUNCTION pass();
  CREATE TRIGGER audit_bottom AFTER UPDATE ON bottom FOR EACH ROW EXECUTE FUNCTION pass();
  CREATE TRIGGER audit_code AFTER UPDATE OF code ON top FOR EACH ROW EXECUTE FUNCTION pass();
  INSERT INTO top VALUES (1, 1);
  CREATE TABLE secured AS SELECT 1 AS id;
  CREATE TABLE moments AS SELECT timestamptz '2026-01-01 23:30:00+00' AS at;
  CREATE SCHEMA other;
  CREATE TABLE other.orders AS SELECT 1 AS id, 'odd' AS status;
  CREATE TABLE shadowed AS SELECT 1 AS id;
  CREATE TABLE big AS SELECT i AS id, repeat('x', 400) AS pad FROM generate_series(1, 400000) AS i;
  CREATE TABLE parted (id int, kind text, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
  CREATE TABLE parted_a PARTITION OF parted FOR VALUES IN ('a');
  CREATE TABLE parted_b PARTITION OF parted FOR VALUES IN ('b');
  INSERT INTO parted VALUES (1, 'a'), (1, 'b');
  CREATE TRIGGER emptied BEFORE TRUNCATE ON items FOR EACH STATEMENT EXECUTE FUNCTION pass();
  ANALYZE;
  CREATE TABLE never_analysed (id int);
`

interface Known {
  readonly rows: number | null
  readonly estimate?: number | null
  readonly uniqueKey?: boolean | null
  readonly triggers?: readonly string[] | null
  readonly cascades?: readonly string[]
  readonly sets?: readonly string[]
  readonly where?: readonly string[]
  readonly locks?: readonly string[]
  readonly because?: unknown
}

const COUNTED: readonly (readonly [text: string, known: Known, values?: readonly unknown[]])[] = [
  ['DELETE FROM orders WHERE id IN (7, 8, 99)', { rows: 2, uniqueKey: true, triggers: ['count_run'], cascades: ['public.items (ON DELETE CASCADE)'] }],
  ["DELETE FROM orders WHERE status = 'new' AND id > 15", { rows: 5, uniqueKey: false }],
  ['DELETE FROM orders -- where\n WHERE /* where */ ((id)) = 3 RETURNING id --', { rows: 1, uniqueKey: true }],
  ["UPDATE orders SET status = 'x where y' WHERE status LIKE 'n%' OR status = ' WHERE id = 1'", { rows: 20, triggers: ['audit', 'count_run'], cascades: [] }],
  ['UPDATE orders SET id = 100 WHERE id = 1', { rows: 1, cascades: ['public.items (ON UPDATE SET NULL)'] }],
  ['UPDATE orders SET status = $1 WHERE id = $2', { rows: 1, uniqueKey: true }, ['x', 7]],
  ['UPDATE orders SET status = $1 WHERE id < $2', { rows: 6, uniqueKey: false }, ['x', 7]],
  ['UPDATE ONLY public.orders AS o SET status = $1 FROM items i JOIN items j USING (id) WHERE o.id = i.order_id AND i.id > $2', { rows: 4 }, ['x', 8]],
  ['DELETE FROM orders o USING items i WHERE o.id = i.order_id AND i.id IN (1, 5)', { rows: 1, uniqueKey: false }],
  ['DELETE FROM orders WHERE EXISTS (SELECT FROM items WHERE order_id = orders.id AND items.id = 2)', { rows: 1 }],
  ['UPDATE top SET id = 2 WHERE id = 1', { rows: 1, triggers: [], cascades: [], sets: ['id'], where: ['id'] }],
  [
    'UPDATE top SET code = 2 WHERE code = 1',
    {
      rows: 1,
      triggers: ['audit_bottom on public.bottom', 'audit_code', 'audit_middle on public.middle'],
      cascades: ['public.bottom (ON UPDATE CASCADE)', 'public.middle (ON UPDATE CASCADE)'],
    },
  ],
  [
    'DELETE FROM top WHERE id = 1',
    {
      rows: 1,
      triggers: ['audit_bottom on public.bottom', 'audit_middle on public.middle'],
      cascades: ['public.bottom (ON UPDATE CASCADE)', 'public.middle (ON DELETE SET NULL)'],
    },
  ],
  ['INSERT INTO orders (status, id) VALUES ($1, $2)', { rows: 1, sets: ['status', 'id'], where: [] }, ['x', 99]],
  ["INSERT INTO orders VALUES (31, 'a'), (32, 'b')", { rows: 2, uniqueKey: null, triggers: ['count_run'], cascades: [] }],
  ["DELETE FROM parted WHERE id = 1 AND kind = 'a'", { rows: 1, uniqueKey: true }],
  ['DELETE FROM parted WHERE id = 1', { rows: 2, uniqueKey: false }],
]

const UNKNOWN: readonly { readonly text: string; readonly because: RegExp; readonly known?: Partial<Known> }[] = [
  { text: 'WITH gone AS (SELECT 1 AS id) DELETE FROM orders USING gone WHERE orders.id = gone.id', because: /WITH/ },
  { text: 'DELETE FROM orders WHERE id IN (WITH few AS (SELECT 1) SELECT * FROM few)', because: /WITH/ },
  { text: 'DELETE FROM orders WHERE random() < 0.5', because: /random may answer otherwise/, known: { triggers: ['count_run'] } },
  { text: "DELETE FROM orders WHERE status = current_setting('application_name')", because: /current_setting may answer otherwise/ },
  {
    text: 'DELETE FROM newest WHERE id = 1',
    because: /newest is not a plain table/,
    known: { estimate: 1, triggers: ['count_run'], cascades: ['public.items (ON DELETE CASCADE)'] },
  },
  { text: 'DELETE FROM shown WHERE id = 1', because: /shown is not a plain table/, known: { triggers: ['instead'] } },
  { text: 'DELETE FROM ruled WHERE id = 1', because: /ruled has rules/, known: { triggers: ['twice (rule)', 'count_notes'] } },
  {
    text: 'WITH gone AS (DELETE FROM orders WHERE id IN (1, 2) RETURNING id) SELECT count(*) FROM gone',
    because: /only INSERT/,
    known: { estimate: 2, triggers: ['count_run'] },
  },
  { text: 'SELECT * FROM orders WHERE id IN (1, 2) FOR UPDATE', because: /only INSERT/, known: { estimate: 2, triggers: [] } },
  { text: 'DELETE FROM no_such WHERE id = 1', because: /"no_such" is not there/, known: { estimate: null } },
  { text: "INSERT INTO orders VALUES (generate_series(31, 99), 'a')", because: /only estimated/, known: { estimate: 69 } },
  { text: "INSERT INTO orders SELECT id + 100, 'x' FROM orders", because: /only estimated/, known: { estimate: 20 } },
  { text: "INSERT INTO orders VALUES (1, 'a') ON CONFLICT DO NOTHING", because: /in conflict/ },
  { text: 'MERGE INTO orders o USING items i ON o.id = i.id WHEN MATCHED THEN DELETE', because: /MERGE changes is only estimated/ },
  { text: "DELETE FROM big WHERE pad LIKE 'x%'", because: /cost too much/ },
  { text: 'TRUNCATE items', because: /a TRUNCATE leaves none/, known: { estimate: 40, triggers: ['emptied'], cascades: [], sets: [], where: [] } },
  {
    text: 'TRUNCATE ONLY orders CASCADE',
    because: /a TRUNCATE leaves none/,
    known: { estimate: 60, triggers: ['emptied on public.items'], cascades: ['public.items (TRUNCATE CASCADE)'] },
  },
  { text: 'TRUNCATE parted, items', because: /a TRUNCATE leaves none/, known: { estimate: 42, triggers: ['emptied'], cascades: [] } },
  { text: 'TRUNCATE never_analysed, items', because: /a TRUNCATE leaves none/, known: { estimate: null, triggers: ['emptied'], cascades: [] } },
  { text: 'TRUNCATE no_such', because: /"no_such" is not there/, known: { estimate: null, triggers: null } },
  {
    text: 'COPY orders (status, id) FROM STDIN',
    because: /the rows of a COPY come when it runs/,
    known: { estimate: null, triggers: ['count_run'], cascades: [], sets: ['status', 'id'], where: [], locks: [] },
  },
  { text: 'COPY item_notes FROM STDIN WHERE true', because: /the rows of a COPY come when it runs/, known: { triggers: ['count_notes'], sets: ['*'] } },
  {
    text: 'DELETE FROM orders WHERE EXISTS (SELECT FROM big a, big b WHERE a.id * 1.5 = b.id * 3.5 AND a.pad > b.pad)',
    because: /longer than 500 ms|cost too much/,
  },
  {
    text: "DELETE FROM items WHERE id = 1; UPDATE orders SET status = 'x' WHERE id = 2",
    because: /several statements/,
    known: { estimate: 2, triggers: ['audit', 'count_run'], sets: ['status'], where: ['id'], locks: [] },
  },
  { text: 'CREATE TABLE made (id int); DELETE FROM orders WHERE id = 1', because: /may change what its tables are/, known: { triggers: null } },
]

describe.skipIf(lacks('psql')).each([18, 15] as const)('the impact of a held write on PostgreSQL %i', (version) => {
  let stage: Stage
  let client: pg.Client

  beforeAll(async () => {
    stage = await openStage({
      policy: POLICY,
      version,
      seed: SEED,
      resources: {
        db: {},
        free: {},
        uncounted: { impact: { maxCost: 0 } },
        facts: {},
        asking: { onHold: 'refuse' },
        slow: { impact: FOREVER },
        patient: { impact: FOREVER, onHold: 'refuse' },
      },
    })
    const { host, port } = stage.gateway.postgres
    client = new pg.Client({ host, port, user: stage.alice.user, password: stage.alice.token, database: 'asking' })
    await client.connect()
  })

  afterAll(async () => {
    await client?.end()
    await stage?.close()
  })

  /** What a reviewer is shown of a statement. */
  const impactOf = async (text: string, values?: readonly unknown[]) => {
    const refused: unknown = await client.query(text, values ? [...values] : undefined).catch((error: unknown) => error)
    const [, id] = /held (req-\w+):/.exec(String(refused)) ?? []
    if (id === undefined) throw new Error(`it was not held: ${String(refused)}`)
    const { ask } = await stage.bob.api.request({ id })
    if (ask.kind !== 'action') throw new Error('it is no action')
    return { impact: ask.impact, statements: ask.statements }
  }

  it('is exact where it can be, and nothing happens while it is found out', async () => {
    const everything =
      'SELECT md5((SELECT string_agg(orders::text, chr(10) ORDER BY id) FROM orders) || (SELECT string_agg(items::text, chr(10) ORDER BY id) FROM items))'
    const before = await stage.ask(everything)
    const shown = []
    for (const [text, , values] of COUNTED) shown.push({ text, ...(await impactOf(text, values)) })
    expect(shown).toMatchObject(COUNTED.map(([text, known]) => ({ text, impact: { because: null, ...known }, statements: [{ rows: known.rows }] })))
    expect(await stage.ask(everything)).toEqual(before)
    expect(await stage.runs()).toBe(0)
  })

  it.each(UNKNOWN)('is not known of $text', async ({ text, because, known }) => {
    const { impact, statements } = await impactOf(text)
    expect(impact).toMatchObject({ rows: null, because: expect.stringMatching(because), ...known })
    expect(statements.at(-1)).toMatchObject({ rows: null }) // of several, the first may still be counted
  })

  it('is counted where the session is: its search_path, its time zone, its role', async () => {
    expect((await impactOf('DELETE FROM moments WHERE at < $1', ['2026-01-02'])).impact).toMatchObject({ rows: 1 })
    await client.query("SET search_path = other, public; SET timezone = 'Asia/Tokyo'")
    expect((await impactOf("DELETE FROM orders WHERE status <> 'x'")).impact).toMatchObject({ rows: 1 })
    expect((await impactOf('DELETE FROM moments WHERE at < $1', ['2026-01-02'])).impact).toMatchObject({ rows: 0 })
    await client.query('RESET search_path; RESET timezone')
    await client.query('ALTER TABLE secured ENABLE ROW LEVEL SECURITY; CREATE ROLE limited; GRANT ALL ON secured, moments TO limited; SET ROLE limited')
    expect((await impactOf('DELETE FROM secured WHERE id = 1')).impact).toMatchObject({ rows: null, because: expect.stringContaining('row security') })
    expect((await impactOf('DELETE FROM orders WHERE id = 12')).impact).toMatchObject({ rows: null, because: expect.stringContaining('permission denied') })
    await client.query('RESET ROLE')
  })

  it('is not guessed where a temporary table may stand in the way, or a transaction is open', async () => {
    await client.query('CREATE TEMPORARY TABLE shadowed AS SELECT 1 AS id FROM generate_series(1, 9)')
    expect((await impactOf('DELETE FROM shadowed WHERE id = 1')).impact).toMatchObject({ rows: null, because: expect.stringContaining('temporary table') })
    await client.query('BEGIN')
    const { impact } = await impactOf('DELETE FROM orders WHERE id IN (13, 14)')
    expect(impact).toMatchObject({
      rows: null,
      estimate: 2,
      uniqueKey: true,
      triggers: ['count_run'],
      because: expect.stringContaining('inside a transaction'),
    })
    await client.query('ROLLBACK')
  })

  it('says what its transaction holds, and who waits for that', async () => {
    await client.query('BEGIN')
    await client.query('SELECT FROM items')
    const other = new pg.Client({ connectionString: stage.target.url('postgres'), application_name: 'somebody' })
    await other.connect()
    const waiting = other.query('BEGIN; LOCK TABLE items; ROLLBACK')
    await expect.poll(() => stage.ask("SELECT wait_event_type FROM pg_stat_activity WHERE application_name = 'somebody'")).toEqual(['Lock'])
    const { impact } = await impactOf('DELETE FROM moments')
    expect(impact).toMatchObject({
      estimate: 1,
      locks: ['public.items: was read; others may read and change it, not alter it (AccessShareLock)'],
      waiting: ['postgres (somebody) waits for public.items'],
    })
    await client.query('ROLLBACK')
    await waiting
    await other.end()
  })

  it('does not guess what a table is that its transaction may have changed', async () => {
    await client.query('BEGIN; ALTER TABLE moments ADD COLUMN what int')
    const { impact } = await impactOf('DELETE FROM orders WHERE id = 13')
    expect(impact).toMatchObject({ rows: null, estimate: null, triggers: null, because: expect.stringContaining('may have changed what public.moments is') })
    expect(impact?.locks).toContain('public.moments: nobody else even reads it (AccessExclusiveLock)')
    await client.query('ROLLBACK')
  })

  it('is told to who waits, and decides who must approve', async () => {
    const session = stage.alice.psql()
    session.type('DELETE FROM items WHERE id = 40;')
    const [, first = ''] = await session.next(/held (req-\w+): needs 1 of dba\nDETAIL: {2}writes: write on items, 1 row now\. Expires/)
    await stage.bob.api.deny({ id: first, comment: 'not that one' })
    await session.next(/denied by bob/)
    session.type('DELETE FROM items WHERE id IN (38, 39, 40);')
    const [, id = ''] = await session.next(
      /held (req-\w+): needs 1 of dba and 1 of security\nDETAIL: {2}writes, big-writes: write on items, 3 rows now\. Expires/,
    )
    await stage.bob.api.approve({ id })
    await stage.dave.api.approve({ id })
    await session.next(/DELETE 3\n/)
    session.type("DELETE FROM big WHERE pad LIKE 'x%';")
    await session.next(/write on big, about [\d,]+ rows\. Expires/)
    session.interrupt()
    await session.next(/withdrawn/)
    await session.quit()
    expect(await stage.ask('SELECT id FROM items WHERE id > 37')).toEqual([])
  })

  it('is judged anew when it is released', async () => {
    await stage.ask("INSERT INTO orders VALUES (201, 'batch')")
    const session = stage.alice.psql()
    session.type("DELETE FROM orders WHERE status = 'batch';")
    const [, id = ''] = await session.next(/held (req-\w+): needs 1 of dba\n/)
    await stage.ask("INSERT INTO orders SELECT i, 'batch' FROM generate_series(202, 205) AS i")
    await stage.bob.api.approve({ id })
    const [, again = ''] = await session.next(/held (req-\w+): needs 1 of dba and 1 of security\nDETAIL: .*5 rows now/)
    expect(again).not.toBe(id)
    session.interrupt()
    await session.next(/withdrawn/)
    await session.quit()
    expect(await stage.ask("SELECT count(*)::int FROM orders WHERE status = 'batch'")).toEqual([5])
  })

  it('keeps an approved shape within its rows', async () => {
    const session = stage.alice.psql()
    session.type('DELETE FROM items WHERE id = 1;')
    await stage.bob.api.approve({ id: await held(session), shape: { maxRows: 1 } })
    await session.next(/DELETE 1\n/)
    session.type('DELETE FROM items WHERE id = 2;')
    await session.next(/DELETE 1\n/)
    await stage.ask('INSERT INTO items VALUES (3, 1)')
    session.type('DELETE FROM items WHERE id = 3;')
    await session.next(/held (req-\w+): needs 1 of dba\nDETAIL: .*2 rows now/)
    session.interrupt()
    await session.next(/withdrawn/)
    await session.quit()
    expect(await stage.ask('SELECT id FROM items WHERE id < 4')).toEqual([3, 3])
  })

  it('lets policy allow and forbid by the number of rows, without anybody asked', async () => {
    const { host, port } = stage.gateway.postgres
    const free = new pg.Client({ host, port, user: stage.alice.user, password: stage.alice.token, database: 'free' })
    await free.connect()
    const run = (text: string, values: unknown[] = []) => free.query(text, values).then(({ rowCount }) => rowCount, String)
    expect(await run('UPDATE items SET order_id = $1 WHERE id = ANY ($2)', [2, [10, 11]])).toBe(2)
    expect(await run('UPDATE items SET order_id = $1 WHERE id = ANY ($2)', [2, [10, 11, 12]])).toContain('no policy permits')
    expect(await run('UPDATE items SET order_id = $1 WHERE id > $2', [2, 20])).toContain('ten rows at most')
    const writes = UNKNOWN.filter(({ text }) => !text.startsWith('CREATE'))
    for (const { text } of writes) expect(`${text}: ${await run(text)}`).toContain('ten rows at most')
    await free.query('BEGIN')
    expect(await run('DELETE FROM items WHERE id = 11')).toContain('ten rows at most')
    await free.end()
  })

  it('counts up to the cost that is configured', async () => {
    const { host, port } = stage.gateway.postgres
    const never = new pg.Client({ host, port, user: stage.alice.user, password: stage.alice.token, database: 'uncounted' })
    await never.connect()
    await expect(never.query('DELETE FROM items WHERE id = 11')).rejects.toThrow('no policy permits')
    await never.end()
  })

  it('is not known, and allows nothing, where a count takes too long or there is no turn for it', { timeout: 60_000 }, async () => {
    const { host, port } = stage.gateway.postgres
    const connect = async (database: string) => {
      const one = new pg.Client({ host, port, user: stage.alice.user, password: stage.alice.token, database })
      one.on('error', () => undefined) // the gateway may stop before it has hung up
      await one.connect()
      return one
    }
    const [slow, patient] = [
      await Promise.all([1, 2, 3, 4].map(() => connect('slow'))),
      await Promise.all(Array.from({ length: FLOOD }, () => connect('patient'))),
    ]
    const said = (one: pg.Client, id: number) => one.query(slowText(id)).then(() => 'it ran', String)
    const [refused, held] = await Promise.all([
      Promise.all(slow.map((one, index) => said(one, index + 1))),
      Promise.all(patient.map((one, index) => said(one, index + 1))),
    ])
    for (const each of refused) expect(each).toContain('no policy permits')
    const ids = held.map((each) => /held (req-\w+):/.exec(each)?.[1] ?? each)
    const asks = await Promise.all(ids.map(async (id) => (await stage.bob.api.request({ id })).ask))
    const impacts = asks.map((ask) => (ask.kind === 'action' ? ask.impact : null))
    expect(impacts.map((impact) => impact?.rows)).toEqual(impacts.map(() => null))
    const because = new Set(impacts.map((impact) => impact?.because))
    expect(because).toEqual(new Set(['it took longer than 500 ms to count', 'the target did not answer in time']))
    for (const one of [...slow, ...patient]) await one.end()
  })

  it.each([
    ['tables', 'DELETE FROM item_notes'],
    ['columns', 'UPDATE items SET id = 3 WHERE order_id = 1'],
    ['unbounded', 'DELETE FROM items'],
  ])('lets policy read context.%s', async (fact, text) => {
    const { host, port } = stage.gateway.postgres
    const facts = new pg.Client({ host, port, user: stage.alice.user, password: stage.alice.token, database: 'facts' })
    await facts.connect()
    await expect(facts.query(text)).rejects.toThrow(`no ${fact}`)
    expect((await facts.query('UPDATE items SET order_id = order_id WHERE id = 999')).rowCount).toBe(0)
    await facts.end()
  })
})

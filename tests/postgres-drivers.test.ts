import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'

const POLICY = `@id("works") permit (principal, action in [Action::"connect", Action::"sql"], resource);`

describe.each([18, 15] as const)('node-postgres against PostgreSQL %i', (version) => {
  let stage: Stage
  let own: pg.Client

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, version, seed: 'CREATE TABLE checked (n int CONSTRAINT positive CHECK (n > 0));' })
  })

  const client = async (options: object = {}) => {
    const { user, token } = stage.alice
    const made = new pg.Client({ ...stage.gateway.postgres, user, password: token, database: 'db', ssl: { rejectUnauthorized: false }, ...options })
    await made.connect()
    return made
  }

  beforeEach(async () => {
    own = await client()
  })

  afterEach(() => own.end()) // a second end is none

  afterAll(() => stage?.close())

  it('runs simple, parameterised and named statements', async () => {
    expect((await own.query('SELECT 1 AS n; SELECT 2 AS n')) as unknown).toMatchObject([{ rows: [{ n: 1 }] }, { rows: [{ n: 2 }] }])
    expect((await own.query('SELECT $1::int + $2::int AS n', [40, 2])).rows).toEqual([{ n: 42 }])
    for (const text of ['a', 'b', "it's", 'ünïcode', null]) {
      expect((await own.query({ name: 'echo', text: 'SELECT $1::text AS said', values: [text] })).rows).toEqual([{ said: text }])
    }
    expect((await own.query('')).rows).toEqual([])
  })

  it('answers what is pipelined in order, and an error between them alone', async () => {
    const ahead = await client({ pipeline: true })
    const failing = ahead.query('SELECT 1 / $1::int', [0]).catch((error: unknown) => error)
    const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => ahead.query('SELECT $1::int AS n', [n])))
    expect(await failing).toMatchObject({ code: '22012' })
    await ahead.end()
    expect(answers.map(({ rows }) => (rows as { n: number }[])[0]?.n)).toEqual(Array.from({ length: 200 }, (_, n) => n))
  })

  it('keeps transactions and savepoints', async () => {
    await own.query('BEGIN')
    await own.query('INSERT INTO checked VALUES (1)')
    await own.query('SAVEPOINT s')
    await expect(own.query('INSERT INTO checked VALUES ($1)', [-1])).rejects.toMatchObject({ code: '23514' })
    await expect(own.query('SELECT 1')).rejects.toMatchObject({ code: '25P02' })
    await own.query('ROLLBACK TO s')
    await own.query('INSERT INTO checked VALUES (2)')
    await own.query('COMMIT')
    expect((await own.query('DELETE FROM checked RETURNING n')).rows).toEqual([{ n: 1 }, { n: 2 }])
  })

  it('shows an error of the server with every field as the server said it', async () => {
    const direct = new pg.Client({ connectionString: stage.target.url('postgres') })
    await direct.connect()
    for (const text of [
      'INSERT INTO checked VALUES (-1)',
      'SELECT nobody FROM checked',
      "DO $$ BEGIN RAISE EXCEPTION 'a' USING DETAIL = 'b', HINT = 'c', ERRCODE = 'XY123', COLUMN = 'd'; END $$",
    ]) {
      const [through, straight] = await Promise.all([own, direct].map((each) => each.query(text).catch((error: unknown) => error)))
      expect(straight).toBeInstanceOf(pg.DatabaseError)
      expect({ ...(through as object) }).toEqual({ ...(straight as object) })
    }
    await direct.end()
  })

  it('hears notices, and what it listens to', async () => {
    const heard: string[] = []
    own.on('notice', ({ message }) => heard.push(`notice ${message}`))
    own.on('notification', ({ channel, payload }) => heard.push(`${channel} ${payload}`))
    await own.query("DO $$ BEGIN RAISE NOTICE 'hello'; END $$")
    await own.query('LISTEN news')
    const other = await client()
    await other.query("NOTIFY news, 'from another'")
    await other.end()
    await expect.poll(() => heard).toEqual(['notice hello', 'news from another'])
  })

  it('leaves nothing behind', async () => {
    await own.end()
    expect(await leftovers(stage)).toEqual([])
  })
})

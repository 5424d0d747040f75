import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { text as textOf } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import postgres, { type Sql } from 'postgres'
import { VALUES } from './behaviours.ts'
import { drive, type Place } from './drive.ts'
import { inside, isAsleep, type Rows } from './inside.ts'

drive({
  name: 'postgres.js',
  needs: [],
  lacks: {
    binary: 'it asks for text only',
    arrays: 'it reads a NULL among numbers as NaN, with or without a gateway',
    copyRefused: 'its stream does not end then, with or without a gateway',
  },
  sit: async (place) => inside(rowsOf(place)),
})

function rowsOf({ host, port, user, token, certificate, stranger, stage }: Place): Rows {
  const plain = { host, port, user, password: token, database: 'db', max: 1, onnotice: () => undefined, connection: { TimeZone: 'UTC' } }

  async function within<T>(work: (sql: Sql) => Promise<T>, options: postgres.Options<{}> = {}): Promise<T> {
    const sql = postgres({ ...plain, ...options })
    try {
      return await work(sql)
    } finally {
      await sql.end({ timeout: 5 })
    }
  }

  const answer = async (sql: Sql) => (await sql<{ n: number }[]>`SELECT 42 AS n`)[0]?.n
  const trusting = (file: string) => ({ ssl: { ca: readFileSync(file, 'utf8'), rejectUnauthorized: true } })
  const rows: Rows['rows'] = {
    scram: async () => ({
      answer: await within(answer),
      wrong: await within(answer, { password: 'cs_wrong' }).catch((error: Error) =>
        error.message.includes('the token is not valid') ? 'told' : error.message,
      ),
    }),
    tls: async () => ({ answer: await within(answer, { ssl: 'require' }) }),
    verified: async () => ({
      answer: await within(answer, trusting(certificate)),
      stranger: await within(answer, trusting(stranger)).catch((error: Error) => (/certificate/.test(error.message) ? 'refused' : error.message)),
    }),
    text: () =>
      within(async (sql) => {
        const { int, big, numeric, text, at, flag, bytes, json } = VALUES
        const [row] = await sql`SELECT ${int}::int AS int, ${big}::int8 AS big, ${numeric}::numeric AS numeric, ${text}::text AS text, ${null}::text AS nothing,
          ${new Date(at)}::timestamptz AS at, ${flag}::bool AS flag, ${Buffer.from(bytes, 'hex')}::bytea AS bytes, ${sql.json(json)}::jsonb AS json`
        if (!row) throw new Error('no row came')
        return { ...row, at: (row['at'] as Date).toISOString(), bytes: (row['bytes'] as Buffer).toString('hex') }
      }),
    cursor: () =>
      within(async (sql) => {
        const all: unknown[] = []
        for await (const portion of sql`SELECT n FROM generate_series(1, 1000) AS n`.cursor(100)) all.push(...portion.map((row) => row['n'] as unknown))
        let early = 0
        for await (const portion of sql`SELECT n FROM generate_series(1, 1000) AS n`.cursor(10)) {
          early = portion.length
          break
        }
        return { rows: all.length, last: all.at(-1), early, answer: await answer(sql) }
      }),
    batch: () =>
      within(async (sql) => {
        const each = await sql.begin((inside) => Array.from({ length: 20 }, (_, n) => inside`INSERT INTO batched VALUES (${n + 1})`))
        return { written: each.reduce((sum, { count }) => sum + count, 0), sum: (await sql<{ sum: number }[]>`SELECT sum(n)::int FROM batched`)[0]?.sum }
      }),
    pipeline: () =>
      within(async (sql) => {
        const ask = () => Promise.all(Array.from({ length: 50 }, (_, n) => sql`SELECT ${n}::int AS n`))
        const [before, failed, after] = await Promise.all([ask(), sql`SELECT 1 / ${0}::int`.catch(codeOf), ask()])
        return { before: before.length, failed, after: after.length }
      }),
    copyOut: () =>
      within(async (sql) => {
        const lines = (await textOf(await sql`COPY (SELECT n, 'a' FROM generate_series(1, 50000) AS n) TO STDOUT`.readable())).trimEnd().split('\n')
        return { rows: lines.length, first: lines[0], last: lines.at(-1) }
      }),
    copyIn: () =>
      within(async (sql) => {
        const lines = Array.from({ length: 20_000 }, (_, n) => `${n}\tsome text\n`)
        await pipeline(Readable.from(lines), await sql`COPY copied FROM STDIN`.writable())
        return { rows: (await sql<{ n: number }[]>`SELECT count(*)::int AS n FROM copied`)[0]?.n, answer: await answer(sql) }
      }),
    cancel: () =>
      within(async (sql) => {
        const running = sql`SELECT pg_sleep(30)`
        const ended = running.catch(codeOf)
        await isAsleep(stage)
        running.cancel()
        return { failed: await ended, answer: await answer(sql) }
      }),
    listen: () =>
      within(async (sql) => {
        const heard = Promise.withResolvers<string>()
        await sql.listen('news', heard.resolve)
        await sql.notify('news', 'from another')
        return { channel: 'news', payload: await heard.promise }
      }),
    notice: async () => {
      const notices: unknown[] = []
      await within((sql) => sql`DO $$ BEGIN RAISE NOTICE 'hello'; END $$`.simple(), { onnotice: ({ message }) => notices.push(message) })
      return { notices }
    },
    error: () =>
      within(async (sql) => {
        const error = await sql`INSERT INTO checked VALUES (-1)`.catch((why: unknown) => why)
        if (!(error instanceof postgres.PostgresError)) throw new Error(String(error))
        const { code, message, table_name: table, constraint_name: constraint, detail } = error
        return { code, message, table, constraint, detail: detail?.startsWith('Failing row') }
      }),
    transaction: () =>
      within(async (sql) => {
        const told = await sql.begin(async (inside) => {
          await inside`INSERT INTO checked VALUES (1)`
          let aborted: unknown
          const failed = await inside
            .savepoint(async (deeper) => {
              const failing = deeper`INSERT INTO checked VALUES (${-1})`
              await failing.catch(() => undefined)
              aborted = await deeper`SELECT 1`.catch(codeOf)
              return failing
            })
            .catch(codeOf)
          await inside`INSERT INTO checked VALUES (${2})`
          return { failed, aborted }
        })
        return { ...told, kept: (await sql<{ n: number }[]>`DELETE FROM checked RETURNING n`).map(({ n }) => n) }
      }),
    prepared: () =>
      within(async (sql) => {
        const answers: unknown[] = []
        for (let n = 0; n < 8; n++) answers.push((await sql`SELECT ${n}::int AS n`)[0]?.['n'])
        return { answers, prepared: (await sql`SELECT 1 FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1::int%'`.simple()).length === 1 }
      }),
    heldBatch: () =>
      within(
        async (sql) => {
          // With a Sync behind each query, its pipelines are asked for one by one.
          const failed = await sql.unsafe([101, 102, 103].map((n) => `INSERT INTO batched VALUES (${n})`).join('; ')).then(() => null, codeOf)
          const [written] = await sql<{ n: number }[]>`SELECT count(*)::int AS n FROM batched WHERE n > 100`
          const rows = failed === null ? written?.n : null
          return { rows, failed, answer: await answer(sql) }
        },
        { database: 'reviewed', ssl: 'require' },
      ),
    largeObject: () =>
      within(async (sql) => {
        const [made] = await sql<{ oid: number }[]>`SELECT lo_from_bytea(0, ${Buffer.from('00ff', 'hex')}) AS oid`
        const oid = made?.oid ?? 0
        await sql`SELECT lo_put(${oid}, 2, ${Buffer.from('10', 'hex')})`
        const [read] = await sql<{ bytes: Buffer }[]>`SELECT lo_get(${oid}) AS bytes`
        await sql`SELECT lo_unlink(${oid})`
        return { read: read?.bytes.toString('hex'), gone: (await sql`SELECT lo_get(${oid})`.catch(codeOf)) === '42704' }
      }),
    largeObjectCalls: () =>
      within(async (sql) => {
        const [made] = await sql<{ oid: number }[]>`SELECT lo_creat(-1) AS oid`
        const oid = made?.oid ?? 0
        const object = await sql.largeObject(oid)
        await object.write(Buffer.from('00ff10', 'hex'))
        await object.seek(0)
        const read: unknown = await object.read(10) // its type says void
        const [portion] = read as { data: Buffer }[]
        await object.close()
        await sql`SELECT lo_unlink(${oid})`
        return { read: portion?.data.toString('hex'), gone: (await sql`SELECT lo_get(${oid})`.catch(codeOf)) === '42704' }
      }),
  }
  return {
    rows,
    held: (statement, keep) =>
      within(
        async (sql) => {
          keep(() => void sql.end({ timeout: 0 }))
          const { count, failed } = await sql.unsafe(statement).then(
            ({ count }) => ({ count, failed: null }),
            (error: unknown) => ({ count: null, failed: codeOf(error) }),
          )
          return { rows: count, failed, answer: await answer(sql) }
        },
        { database: 'reviewed', ssl: 'require' },
      ),
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  throw error
}

import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import Cursor from 'pg-cursor'
import { z } from 'zod'
import { ARRAYS, VALUES } from './behaviours.ts'
import { drive, type Place } from './drive.ts'
import { inside, isAsleep, type Rows } from './inside.ts'

/** What it gives for each statement of a text of several. */
const Counted = z.object({ rowCount: z.number() })
const CAST = '$1::int, $2::int8, $3::numeric, $4::text, $5::text, $6::timestamptz, $7::bool, $8::bytea, $9::jsonb'

drive({
  name: 'node-postgres',
  needs: [],
  lacks: {
    binary: 'its binary mode reads every value as UTF-8 first, with or without a gateway',
    largeObjectCalls: 'it has none of its own',
  },
  sit: async (place) => inside(rowsOf(place)),
})

function rowsOf({ host, port, user, token, certificate, stranger, stage }: Place): Rows {
  const plain = { host, port, user, password: token, database: 'db' }

  async function within<T>(work: (client: pg.Client) => Promise<T>, options: pg.ClientConfig = {}): Promise<T> {
    const client = new pg.Client({ ...plain, ...options })
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }

  const answer = async (client: pg.Client) => (await client.query<{ n: number }>('SELECT 42 AS n')).rows[0]?.n
  const trusting = (file: string) => ({ ssl: { ca: readFileSync(file, 'utf8'), rejectUnauthorized: true } })
  const values = [
    VALUES.int,
    VALUES.big,
    VALUES.numeric,
    VALUES.text,
    VALUES.nothing,
    new Date(VALUES.at),
    VALUES.flag,
    Buffer.from(VALUES.bytes, 'hex'),
    JSON.stringify(VALUES.json),
  ]
  const rows: Rows['rows'] = {
    scram: async () => ({
      answer: await within(answer),
      wrong: await within(answer, { password: 'cs_wrong' }).catch((error: Error) =>
        error.message.includes('the token is not valid') ? 'told' : error.message,
      ),
    }),
    tls: async () => ({ answer: await within(answer, { ssl: { rejectUnauthorized: false } }) }),
    verified: async () => ({
      answer: await within(answer, trusting(certificate)),
      stranger: await within(answer, trusting(stranger)).catch((error: Error) => (/certificate/.test(error.message) ? 'refused' : error.message)),
    }),
    text: () =>
      within(async (client) => {
        const { rows } = await client.query<unknown[]>({ text: `SELECT ${CAST}`, values, rowMode: 'array' })
        return report(rows[0] ?? [])
      }),
    arrays: () =>
      within(async (client) => (await client.query('SELECT $1::int[] AS ints, $2::text[] AS texts', [ARRAYS.ints, ARRAYS.texts])).rows[0] as unknown),
    heldBatch: () =>
      within(
        async (client) => {
          // With a Sync behind each query, its pipelines are asked for one by one.
          const { rows, failed } = await client.query([101, 102, 103].map((n) => `INSERT INTO batched VALUES (${n})`).join('; ')).then(
            (results: unknown) => ({
              rows: z
                .array(Counted)
                .parse(results)
                .reduce((sum, { rowCount }) => sum + rowCount, 0),
              failed: null,
            }),
            (error: unknown) => ({ rows: null, failed: codeOf(error) }),
          )
          return { rows, failed, answer: await answer(client) }
        },
        { database: 'reviewed', ssl: { rejectUnauthorized: false } },
      ),
    cursor: () =>
      within(async (client) => {
        const read = async (cursor: Cursor<{ n: number }>) => {
          const all: number[] = []
          for (let rows = await cursor.read(100); rows.length > 0; rows = await cursor.read(100)) all.push(...rows.map(({ n }) => n))
          return all
        }
        const all = await read(client.query(new Cursor<{ n: number }>('SELECT n FROM generate_series(1, 1000) AS n')))
        const early = client.query(new Cursor('SELECT n FROM generate_series(1, 1000) AS n'))
        const some = await early.read(10)
        await early.close()
        return { rows: all.length, last: all.at(-1), early: some.length, answer: await answer(client) }
      }),
    batch: () =>
      within(
        async (client) => {
          const each = Array.from({ length: 20 }, (_, n) => client.query({ name: 'insert', text: 'INSERT INTO batched VALUES ($1)', values: [n + 1] }))
          const written = (await Promise.all(each)).reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0)
          return { written, sum: (await client.query<{ sum: number }>('SELECT sum(n)::int FROM batched')).rows[0]?.sum }
        },
        { pipeline: true },
      ),
    pipeline: () =>
      within(
        async (client) => {
          const ask = () => Promise.all(Array.from({ length: 50 }, (_, n) => client.query('SELECT $1::int AS n', [n])))
          const [before, failed, after] = await Promise.all([ask(), client.query('SELECT 1 / $1::int', [0]).catch(codeOf), ask()])
          return { before: before.length, failed, after: after.length }
        },
        { pipeline: true },
      ),
    copyOut: () =>
      within(async (client) => {
        const lines = (await textOf(client.query(copyTo("COPY (SELECT n, 'a' FROM generate_series(1, 50000) AS n) TO STDOUT")))).trimEnd().split('\n')
        return { rows: lines.length, first: lines[0], last: lines.at(-1) }
      }),
    copyIn: () =>
      within(async (client) => ({
        rows: await copyIn(
          client,
          Array.from({ length: 20_000 }, (_, n) => `${n}\tsome text\n`),
        ),
        answer: await answer(client),
      })),
    copyRefused: () =>
      within(async (client) => ({ failed: await copyIn(client, ['1\ta\n', 'not a number\tb\n']).catch(codeOf), answer: await answer(client) })),
    cancel: () =>
      within(async (client) => {
        const ended = Promise.withResolvers<unknown>()
        const running = client.query(new pg.Query('SELECT pg_sleep(30)', ended.reject))
        await isAsleep(stage)
        const other = new pg.Client(plain) as pg.Client & { cancel(client: pg.Client, query: pg.Query): void } // it has no documentation and no type
        other.cancel(client, running)
        return { failed: await ended.promise.catch(codeOf), answer: await answer(client) }
      }),
    listen: () =>
      within(async (client) => {
        const heard = new Promise<pg.Notification>((resolve) => client.once('notification', resolve))
        await client.query('LISTEN news')
        await within((other) => other.query("NOTIFY news, 'from another'"))
        const { channel, payload } = await heard
        return { channel, payload }
      }),
    notice: () =>
      within(async (client) => {
        const notices: (string | undefined)[] = []
        client.on('notice', ({ message }) => notices.push(message))
        await client.query("DO $$ BEGIN RAISE NOTICE 'hello'; END $$")
        return { notices }
      }),
    error: () =>
      within(async (client) => {
        const error = await client.query('INSERT INTO checked VALUES (-1)').catch((why: unknown) => why)
        if (!(error instanceof pg.DatabaseError)) throw new Error(String(error))
        const { code, message, table, constraint, detail } = error
        return { code, message, table, constraint, detail: detail?.startsWith('Failing row') }
      }),
    transaction: () =>
      within(async (client) => {
        await client.query('BEGIN')
        await client.query('INSERT INTO checked VALUES (1)')
        await client.query('SAVEPOINT s')
        const failed = await client.query('INSERT INTO checked VALUES ($1)', [-1]).catch(codeOf)
        const aborted = await client.query('SELECT 1').catch(codeOf)
        await client.query('ROLLBACK TO s')
        await client.query('INSERT INTO checked VALUES ($1)', [2])
        await client.query('COMMIT')
        return { failed, aborted, kept: (await client.query<{ n: number }>('DELETE FROM checked RETURNING n')).rows.map(({ n }) => n) }
      }),
    prepared: () =>
      within(async (client) => {
        const answers: (number | undefined)[] = []
        for (let n = 0; n < 8; n++) answers.push((await client.query<{ n: number }>({ name: 'echo', text: 'SELECT $1::int AS n', values: [n] })).rows[0]?.n)
        return { answers, prepared: (await client.query("SELECT 1 FROM pg_prepared_statements WHERE name = 'echo'")).rowCount === 1 }
      }),
    largeObject: () =>
      within(async (client) => {
        const first = async (text: string, given: unknown[]) => Object.values((await client.query<Record<string, unknown>>(text, given)).rows[0] ?? {})[0]
        const oid = await first('SELECT lo_from_bytea(0, $1)', [Buffer.from('00ff', 'hex')])
        await client.query('SELECT lo_put($1, 2, $2)', [oid, Buffer.from('10', 'hex')])
        const read = (await first('SELECT lo_get($1)', [oid])) as Buffer
        await client.query('SELECT lo_unlink($1)', [oid])
        return { read: read.toString('hex'), gone: (await client.query('SELECT lo_get($1)', [oid]).catch(codeOf)) === '42704' }
      }),
  }
  return {
    rows,
    held: (statement, keep) => {
      const socket = new Socket()
      keep(() => socket.destroy())
      return within(
        async (client) => {
          client.on('error', () => undefined) // as when it is broken off
          const { rowCount: rows, failed } = await client.query(statement).then(
            ({ rowCount }) => ({ rowCount, failed: null }),
            (error: unknown) => ({ rowCount: null, failed: codeOf(error) }),
          )
          return { rows, failed, answer: await answer(client) }
        },
        { database: 'reviewed', ssl: { rejectUnauthorized: false }, stream: () => socket },
      )
    },
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  throw error
}

function report([int, big, numeric, text, nothing, at, flag, bytes, json]: readonly unknown[]) {
  return { int, big, numeric, text, nothing, at: (at as Date).toISOString(), flag, bytes: (bytes as Buffer).toString('hex'), json }
}

async function copyIn(client: pg.Client, lines: readonly string[]): Promise<number> {
  const stream = client.query(copyFrom('COPY copied FROM STDIN'))
  await pipeline(Readable.from(lines), stream)
  return stream.rowCount
}

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Psql } from '../support/psql.ts'
import { VALUES } from './behaviours.ts'
import { drive, type Place } from './drive.ts'
import { inside, isAsleep, type Rows } from './inside.ts'

drive({
  name: 'psql',
  needs: ['psql'],
  lacks: { binary: 'it asks for text only', pipeline: 'it has none before version 18' },
  sit: async (place) => inside(rowsOf(place)),
})

const ANSWER = 'SELECT 42;'
const HELD_ROWS = [101, 102, 103].map((n) => `INSERT INTO batched VALUES (${n})`)

function rowsOf({ certificate, stranger, stage }: Place): Rows {
  /** With errors as `ERROR:  23514: message`. */
  const open = (env: Record<string, string> = {}, resource = 'db') =>
    stage.alice.psql(resource, ['-v', 'VERBOSITY=verbose'], { PGSSLMODE: 'disable', PGTZ: 'UTC', ...env })

  /** Types these lines, and gives what came back. */
  async function script(lines: readonly string[], env: Record<string, string> = {}) {
    const session = open(env)
    for (const line of lines) session.type(line)
    const { stdout, stderr } = await session.quit()
    return { lines: stdout.trimEnd().split('\n'), stderr }
  }

  const answer = async (env: Record<string, string>) => Number((await script([ANSWER], env)).lines[0])
  const last = (lines: readonly string[]) => Number(lines.at(-1))
  const rows: Rows['rows'] = {
    scram: async () => {
      const { stderr } = await script([ANSWER], { PGPASSWORD: 'cs_wrong' })
      return { answer: await answer({}), wrong: stderr.includes('the token is not valid') ? 'told' : stderr }
    },
    tls: async () => ({ answer: await answer({ PGSSLMODE: 'require' }) }),
    verified: async () => {
      const { stderr } = await script([ANSWER], { PGSSLMODE: 'verify-full', PGSSLROOTCERT: stranger })
      const trusted = await answer({ PGSSLMODE: 'verify-full', PGSSLROOTCERT: certificate })
      return { answer: trusted, stranger: stderr.includes('certificate verify failed') ? 'refused' : stderr }
    },
    text: async () => {
      const { int, big, numeric, text, at, flag, bytes, json } = VALUES
      const { lines } = await script([
        `\\set said ${quoted(text)}`,
        '\\pset null (null)',
        `SELECT ${int}, ${big}::int8, ${numeric}::numeric, :'said', NULL, '${at}'::timestamptz, ${flag}, '\\x${bytes}'::bytea, '${JSON.stringify(json)}'::jsonb;`,
      ])
      const [gotInt, gotBig, gotNumeric, gotText, nothing, gotAt, gotFlag, gotBytes, gotJson] = lines.at(-1)?.split('|') ?? []
      return {
        int: Number(gotInt),
        big: gotBig,
        numeric: gotNumeric,
        text: gotText,
        nothing: nothing === '(null)' ? null : nothing,
        at: new Date(gotAt ?? '').toISOString(),
        flag: gotFlag === 't',
        bytes: gotBytes?.replace('\\x', ''),
        json: JSON.parse(gotJson ?? '') as unknown,
      }
    },
    arrays: async () => {
      const { lines } = await script([`SELECT ARRAY[1, NULL, 3], ARRAY['a', 'b,"c', NULL];`])
      return lines[0] === '{1,NULL,3}|{a,"b,\\"c",NULL}' ? { ints: [1, null, 3], texts: ['a', 'b,"c', null] } : lines
    },
    cursor: async () => {
      const all = (await script(['\\set FETCH_COUNT 100', 'SELECT n FROM generate_series(1, 1000) AS n;'])).lines
      const early = (
        await script(['BEGIN;', 'DECLARE c CURSOR FOR SELECT n FROM generate_series(1, 1000) AS n;', 'FETCH 10 FROM c;', 'CLOSE c;', 'COMMIT;', ANSWER])
      ).lines
      return { rows: all.length, last: last(all), early: early.filter((line) => /^\d+$/.test(line)).length - 1, answer: last(early) }
    },
    batch: async () => {
      const inserts = Array.from({ length: 20 }, (_, n) => `INSERT INTO batched VALUES (${n + 1})`)
      const { lines } = await script([`${inserts.join('\\; ')};`, 'SELECT sum(n) FROM batched;'])
      return { written: lines.filter((line) => line === 'INSERT 0 1').length, sum: last(lines) }
    },
    copyOut: async () => {
      const { lines } = await script(["\\copy (SELECT n, 'a' FROM generate_series(1, 50000) AS n) TO STDOUT"])
      return { rows: lines.length, first: lines[0], last: lines.at(-1) }
    },
    copyIn: async () => {
      const { lines } = await script(['COPY copied FROM STDIN;', ...Array.from({ length: 20_000 }, (_, n) => `${n}\tsome text`), '\\.', ANSWER])
      return { rows: Number(lines[0]?.replace('COPY ', '')), answer: last(lines) }
    },
    copyRefused: async () => {
      const { lines, stderr } = await script(['COPY copied FROM STDIN;', '1\ta', 'not a number\tb', '\\.', ANSWER])
      return { failed: codeIn(stderr), answer: last(lines) }
    },
    cancel: async () => {
      const session = open()
      session.type('SELECT pg_sleep(30);')
      await isAsleep(stage)
      session.interrupt()
      const [, failed] = await session.next(/ERROR: {2}(\w{5}):/)
      await session.quit() // a psql that reads no terminal ends with what was cancelled
      return { failed, answer: await answer({}) }
    },
    listen: async () => {
      const session = open()
      session.type('LISTEN news;')
      await session.next(/LISTEN/)
      await script(["NOTIFY news, 'from another';"])
      session.type(ANSWER) // it shows what came when it has run something
      const [, channel, payload] = await session.next(/Asynchronous notification "(\w+)" with payload "([^"]*)"/)
      await session.quit()
      return { channel, payload }
    },
    notice: async () => ({
      notices: Array.from((await script(["DO $$ BEGIN RAISE NOTICE 'hello'; END $$;"])).stderr.matchAll(/^NOTICE: {2}\w{5}: (.*)$/gm), ([, text]) => text),
    }),
    error: async () => {
      const { stderr } = await script(['INSERT INTO checked VALUES (-1);'])
      const field = (pattern: RegExp) => pattern.exec(stderr)?.[1]
      return {
        code: codeIn(stderr),
        message: field(/ERROR: {2}\w{5}: (.*)/),
        table: field(/TABLE NAME: {2}(.*)/),
        constraint: field(/CONSTRAINT NAME: {2}(.*)/),

        detail: stderr.includes('DETAIL:  Failing row'),
      }
    },
    transaction: async () => {
      const insert = (n: number) => `INSERT INTO checked VALUES (${n});`
      const before = ['BEGIN;', insert(1), 'SAVEPOINT s;', insert(-1), ANSWER, 'ROLLBACK TO s;', insert(2), 'COMMIT;']
      const { lines, stderr } = await script([...before, 'DELETE FROM checked RETURNING n;'])
      const [failed, aborted] = Array.from(stderr.matchAll(/ERROR: {2}(\w{5}):/g), ([, code]) => code)
      return { failed, aborted, kept: lines.filter((line) => /^\d+$/.test(line)).map(Number) }
    },
    prepared: async () => {
      const executed = Array.from({ length: 8 }, (_, n) => `EXECUTE echo(${n});`)
      const { lines } = await script(['PREPARE echo AS SELECT $1::int;', ...executed, "SELECT count(*) FROM pg_prepared_statements WHERE name = 'echo';"])
      return { answers: lines.slice(1, -1).map(Number), prepared: lines.at(-1) === '1' }
    },
    largeObject: async () => {
      const written = ["SELECT lo_from_bytea(0, '\\x00ff') AS oid \\gset", "SELECT lo_put(:oid, 2, '\\x10');", 'SELECT lo_get(:oid);']
      const { lines, stderr } = await script([...written, 'SELECT lo_unlink(:oid);', 'SELECT lo_get(:oid);'])
      return { read: lines.find((line) => line.startsWith('\\x'))?.slice(2), gone: codeIn(stderr) === '42704' }
    },
    largeObjectCalls: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'countersign-psql-'))
      try {
        const [from, to] = [join(folder, 'from'), join(folder, 'to')]
        writeFileSync(from, Buffer.from('00ff10', 'hex'))
        const { stderr } = await script([`\\lo_import ${from}`, `\\lo_export :LASTOID ${to}`, '\\lo_unlink :LASTOID', 'SELECT lo_get(:LASTOID);'])
        return { read: readFileSync(to).toString('hex'), gone: codeIn(stderr) === '42704' }
      } finally {
        rmSync(folder, { recursive: true })
      }
    },
  }
  rows.heldBatch = async () => {
    const session = open({ PGSSLMODE: 'require' }, 'reviewed')
    session.type(`${HELD_ROWS.join(' \\; ')};`)
    session.type('\\echo over')
    await session.next(/over/)
    const counts = Array.from(session.output().matchAll(/^INSERT 0 (\d+)$/gm), ([, count]) => Number(count))
    const failed = /^ERROR: {2}(\w{5}):/m.exec(session.output())?.[1] ?? null
    return { rows: failed === null ? counts.reduce((sum, count) => sum + count, 0) : null, failed, answer: await answerOf(session) }
  }
  return {
    rows,
    held: async (statement, keep) => {
      const session = open({ PGSSLMODE: 'require' }, 'reviewed')
      const gone = Promise.withResolvers<never>()
      keep(() => {
        session.vanish()
        gone.reject(new Error('it has vanished'))
      })
      session.type(`${statement};`)
      session.type('\\echo over')
      await Promise.race([session.next(/over/), gone.promise])
      const count = /^UPDATE (\d+)$/m.exec(session.output())?.[1]
      const failed = /^ERROR: {2}(\w{5}):/m.exec(session.output())?.[1]
      return { rows: count === undefined ? null : Number(count), failed: failed ?? null, answer: await answerOf(session) }
    },
  }
}

async function answerOf(session: Psql): Promise<number> {
  session.type(ANSWER)
  await session.next(/^42$/m)
  await session.quit()
  return 42
}

const codeIn = (stderr: string) => /ERROR: {2}(\w{5}):/.exec(stderr)?.[1]

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`

import { parse, query, bind, execute, sync } from '@countersign/wire/postgres/encode'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'
import { RawClient } from './support/wire.ts'

const POLICY = `@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);`
/** 40 bytes to this database, and 80 to a parser that reads UTF-8, of which it keeps 62. */
const LONG = 'é'.repeat(40)
const SEED = `
  CREATE SEQUENCE runs;
  CREATE VIEW "${LONG}" AS SELECT nextval('runs');
  CREATE TABLE "été" (n int);
  CREATE TABLE plain (n int);
  INSERT INTO "été" VALUES (5);
`

const unnamed = bind({ portal: '', statement: '', formats: [], values: [], resultFormats: [] })
const DENIED = [expect.stringMatching(/^error 42501 .*sql:unknown/), 'ready I']

describe('a database whose encoding is not UTF-8', () => {
  let stage: Stage
  let direct: pg.Client
  let own: RawClient

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY })
    await stage.ask("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    direct = new pg.Client(stage.target.url('latin'))
    await direct.connect()
    await direct.query(SEED)
    own = await RawClient.login(stage.gateway.postgres, stage.alice, 'db/latin', [['client_encoding', 'UTF8']])
  })

  afterAll(async () => {
    await direct?.end()
    await stage?.close()
  })

  // In a locale that knows them, an unquoted É is é to such a database, and É to the parser.
  it.each([
    `SELECT * FROM "${LONG}"`,
    `SELECT * FROM ${LONG}`,
    'SELECT 1 AS É',
    'WITH "É" AS (SELECT 1) SELECT * FROM É',
    'SELECT * FROM U&"\\00e9\\00e9"',
    // What ends a comment or a text is not taken for more than it is.
    "SELECT 1 AS/*/**/'*/É--'",
    "SELECT E'a'\n'\\' ' AS É --'",
    "SELECT $é$'$é$ AS É, 1 AS x --'",
    'SELECT 1 AS "é é é é é é é é é"',
    `SELECT 1 AS "${'\u00a0'.repeat(16)}"`,
  ])('may read a name otherwise than the parser does, so it is unknown: %s', async (text) => {
    expect(await own.ask(query(text))).toEqual(DENIED)
    expect((await own.ask(parse('', text), unnamed, execute(''), sync())).slice(-2)).toEqual(DENIED)
  })

  it.each([
    'SELECT n FROM "été"',
    'SELECT n FROM été',
    `SELECT n, 'É${LONG}' AS texte FROM été`,
    'SELECT n AS "é" FROM été',
    "SELECT n FROM été WHERE 'École, où' <> 'À'''",
  ])('reads what is as short, and whatever stands in a text, as the parser does: %s', async (text) => {
    expect((await own.ask(query(text))).at(-2)).toBe('complete SELECT 1')
  })

  it('has run nothing, and leaves nothing behind', async () => {
    own.close()
    const { rows } = await direct.query<{ is_called: boolean }>('SELECT is_called FROM runs')
    expect(rows).toEqual([{ is_called: false }])
    await direct.end()
    expect(await leftovers(stage)).toEqual([])
  })
})

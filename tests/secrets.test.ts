import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { lacks } from './support/needs.ts'
import { POLICY } from './support/replicas.ts'
import { held, openStage, type Stage } from './support/stage.ts'

const CANARY = 'canary-7f3a91'

describe.skipIf(lacks('psql'))('secrets', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({
      policy: POLICY,
      resources: { db: {}, wrong: { credential: { username: 'postgres', password: { exec: ['printf', `%s`, `${CANARY}-upstream`] } } } },
    })
    await play()
  })

  afterAll(() => stage?.close())

  /** Everything that may carry a canary: reads, writes, parameters, reasons, comments, errors, wrong tokens. */
  async function play() {
    const { alice, bob, gateway } = stage
    const session = alice.psql('db', [], { PGOPTIONS: `-c countersign.reason=${CANARY}-reason` })
    session.type(`SELECT 'read ${CANARY}-read';`)
    await session.next(/^read /m)
    session.type(`SELECT 1/0 AS "${CANARY}-read";`)
    await session.next(/division by zero/)
    session.type(`SELEKT '${CANARY}-unparseable';`)
    await session.next(/ERROR/)
    session.type(`UPDATE orders SET status = '${CANARY}-write' WHERE id = 1;`)
    const id = await held(session)
    await bob.api.approve({ id, comment: `${CANARY}-comment` })
    await session.next(/UPDATE 1\n/)
    await session.quit()
    const { host, port } = gateway.postgres
    const client = new pg.Client({ host, port, user: alice.user, password: alice.token, database: 'db' })
    await client.connect()
    await client.query('SELECT $1::text', [`${CANARY}-parameter`])
    await client.end()
    const wrong = new pg.Client({ host, port, user: alice.user, password: `cst_${CANARY}-token`, database: 'db' })
    await expect(wrong.connect()).rejects.toThrow(/token is not valid/)
    expect((await alice.psql('wrong').quit()).stderr).toMatch(/FATAL/)
    await fetch(`${gateway.url}/api/v1/whoami?token=${CANARY}-token`, { headers: { authorization: `Bearer cst_${CANARY}-token` } })
    await fetch(`${gateway.url}/api/v1/requests`, {
      method: 'POST',
      headers: { authorization: `Bearer ${alice.token}`, 'content-type': 'application/json' },
      body: `{"resource": "${CANARY}-body`,
    })
    await vi.waitFor(async () => expect((await stage.erin.api.ledgerHeads())[0]?.seq).toBeGreaterThan(10))
  }

  const filesIn = (folder: string): readonly string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path).isFile())

  /** Which of these words stand in some file of the data directory, in clear. */
  const found = (words: readonly string[]) =>
    filesIn(stage.gateway.data).flatMap((path) =>
      words.filter((word) => readFileSync(path).includes(word)).map((word) => `${path.slice(stage.gateway.data.length)}: ${word}`),
    )

  const tokens = () => [stage.alice, stage.bob, stage.carol, stage.dave, stage.erin].map(({ token }) => token)

  it('are in no log', () => {
    const log = stage.gateway.log()
    expect(log).toContain('"ready":true')
    for (const secret of [...tokens(), stage.target.password, CANARY]) expect(log).not.toContain(secret)
  })

  it('are in no metric', async () => {
    const metrics = await (await fetch(`${stage.gateway.url}/metrics`)).text()
    expect(metrics).toMatch(/countersign_ledger_entries_total\{type="action.started"\} \d+/)
    expect(metrics).toMatch(/countersign_sessions 0/)
    for (const secret of [...tokens(), stage.target.password, CANARY, stage.alice.user]) expect(metrics).not.toContain(secret)
  })

  it('tokens and passwords are nowhere in the data directory', () => {
    expect(found([...tokens(), stage.target.password, `${CANARY}-token`, `${CANARY}-upstream`])).toEqual([])
  })

  it('what was only read, with its parameters, is nowhere in clear', () => {
    expect(found([`${CANARY}-read`, `${CANARY}-parameter`, `${CANARY}-unparseable`, `${CANARY}-body`])).toEqual([])
  })

  it('what somebody must review is in its request and nowhere else', () => {
    const asked = [`${CANARY}-write`, `${CANARY}-reason`, `${CANARY}-comment`]
    expect(found(asked).filter((place) => !place.startsWith('/countersign.db'))).toEqual([])
    const database = new DatabaseSync(join(stage.gateway.data, 'countersign.db'), { readOnly: true })
    const tables = database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
      .all()
      .map(({ name }) => String(name))
    const holding = tables.filter((table) => JSON.stringify(database.prepare(`SELECT * FROM "${table}"`).all()).includes(CANARY))
    database.close()
    expect(holding).toEqual(['requests'])
  })

  it('nobody else on the host may read the data directory', () => {
    expect(statSync(stage.gateway.data).mode & 0o077).toBe(0)
  })
})

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DEFAULT_CHOICES } from '@countersign/core/notification'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aBrowser } from '../packages/gateway/test/notify/browser.ts'
import { Authenticator } from './support/authenticator.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { entriesOf, secretsIn } from './support/ledger.ts'
import { enrol, openBrowser, signIn } from './support/people.ts'
import { type PostgresServer, startPostgres } from './support/postgres.ts'

const POLICY = '@id("nothing") forbid (principal, action, resource);'
const SCIM_TOKEN = 'the-token-of-a-directory-0123456789abcdef'
/** What names a person beside his name here. */
const CANARIES = [
  'canary-agent/1.0',
  'canary telephone',
  'canary laptop',
  'canary-push',
  'canary browser',
  'Greta Canary',
  'canary-mail@example.com',
  'canary-host',
]
const GRETA = 'greta@example.com'

/** Every row of the store, as text. */
interface Rows {
  (): Promise<string>
}

const stores = { SQLite: openSqlite, PostgreSQL: openPostgres }

describe.each(Object.entries(stores))('erasing who somebody is, from %s', { timeout: 60_000 }, (_, open) => {
  let gateway: GatewayProcess
  let rows: Rows
  let close: () => Promise<void>
  let origin: string
  const keys: { greta?: Authenticator } = {}

  beforeAll(async () => {
    ;({ gateway, rows, close } = await open())
    origin = `http://localhost:${new URL(gateway.url).port}`
  }, 60_000)
  afterAll(() => close?.())

  const browser = () => openBrowser(origin, origin, (keys.greta ??= new Authenticator(origin)), 'canary-agent/1.0')

  async function scim(body: object): Promise<void> {
    const headers = { authorization: `Bearer ${SCIM_TOKEN}`, 'content-type': 'application/scim+json' }
    const answer = await fetch(`${gateway.url}/scim/v2/Users`, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(await answer.text())
  }

  const everything = async () => (await rows()) + JSON.stringify([secretsIn(gateway.data), entriesOf(gateway.data)])
  const erased = async () => {
    const { id } = await gateway.api().erase({ user: GRETA, reason: 'her request' })
    await expect.poll(async () => (await gateway.api().erasures()).find((each) => each.id === id)?.waiting, { timeout: 10_000 }).toEqual([])
  }

  it('leaves her name and her keys, and of all else nothing in the store or the ledger', async () => {
    await scim({ userName: GRETA, displayName: 'Greta Canary', emails: [{ value: 'canary-mail@example.com', primary: true }] })
    const greta = browser()
    await enrol(greta, (await gateway.api().invite({ user: GRETA })).link, 'canary telephone')
    await gateway.api().invite({ user: GRETA })
    await greta.client.createToken({ user: GRETA, name: 'canary laptop' })
    await greta.client.setNotifications(DEFAULT_CHOICES)
    await greta.client.subscribePush({ ...aBrowser('https://canary-push.example.com/1').subscription, label: 'canary browser' })
    const { userCode, deviceCode } = await greta.client.device({ client: 'countersign', host: 'canary-host' })
    await greta.client.refuseDevice({ userCode })
    expect(deviceCode).not.toBe('')
    const before = await everything()
    for (const canary of CANARIES.filter((each) => each !== 'canary-push')) expect(before).toContain(canary)

    await erased()
    await expect(greta.client.whoami()).rejects.toMatchObject({ status: 401 })
    const after = await everything()
    expect(CANARIES.filter((canary) => after.includes(canary))).toEqual([])
    expect((await gateway.api().people()).find(({ name }) => name === GRETA)).toMatchObject({ active: true })
    expect(
      entriesOf(gateway.data)
        .filter(({ type }) => type === 'login.ended' || type === 'invite.revoked')
        .map(({ body }) => body),
    ).toMatchObject([
      { principal: GRETA, by: 'local-admin' },
      { user: GRETA, by: 'local-admin' },
    ])
  })

  it('and she comes back with them, and is as new', async () => {
    const greta = browser()
    expect(await signIn(greta)).toMatchObject({ user: GRETA })
    expect(await greta.client.passkeys()).toMatchObject([{ name: 'erased', status: 'active' }])
    expect((await greta.client.push()).subscriptions).toEqual([])
    expect(await greta.client.logins()).toHaveLength(1)
  })
})

const options = (over: object) => ({
  users: { 'erin@example.com': { groups: [], admin: true } },
  resources: {},
  policy: POLICY,
  notify: { push: { contact: 'mailto:ops@example.com' } },
  identity: { scim: { token: { env: 'SCIM_TOKEN' } } },
  ...over,
  env: { SCIM_TOKEN, ...(over as { env?: Record<string, string> }).env },
})

async function openSqlite() {
  const gateway = await startGateway(options({}))
  const rows = () => {
    const database = new DatabaseSync(join(gateway.data, 'countersign.db'), { readOnly: true })
    const tables = database.prepare("select name from sqlite_master where type = 'table'").all() as { name: string }[]
    const text = JSON.stringify(tables.map(({ name }) => database.prepare(`select * from ${name}`).all()))
    database.close()
    return Promise.resolve(text)
  }
  return { gateway, rows, close: async () => void (await gateway.stop()) }
}

async function openPostgres() {
  const server: PostgresServer = await startPostgres()
  const gateway = await startGateway(options({ store: { url: { env: 'STORE_URL' } }, env: { STORE_URL: server.url('postgres') } }))
  const pool = new pg.Pool({ connectionString: server.url('postgres'), max: 1 })
  const rows = async () => {
    const { rows: tables } = await pool.query<{ name: string }>("select table_name as name from information_schema.tables where table_schema = 'countersign'")
    const all = []
    for (const { name } of tables) all.push((await pool.query(`select * from countersign.${name}`)).rows)
    return JSON.stringify(all)
  }
  const close = async () => {
    await pool.end()
    await gateway.stop()
    await server.stop()
  }
  return { gateway, rows, close }
}

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { countersign, entriesOf, secretsIn } from './support/ledger.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { lacks } from './support/needs.ts'
import { openReplicas, type Replicas, type Visitor } from './support/replicas.ts'
import { held } from './support/stage.ts'

const POLICY = `
@id("connects") @personal("reason") permit (principal, action == Action::"connect", resource);
@id("reads") @personal("text, parameters") permit (principal in Group::"engineering", action == Action::"sql:read", resource);
@id("writes") @review("dba") @expires("5m") @personal("text, reason, comment") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
@id("bobs-own") permit (principal in Group::"dba", action == Action::"sql:read", resource);
`

describe.skipIf(lacks('psql'))('erasing a person', { timeout: 180_000 }, () => {
  let replicas: Replicas
  let a: GatewayProcess
  let b: GatewayProcess
  /** A request whose statement failed with her words. */
  let failing: string

  beforeAll(async () => {
    replicas = await openReplicas({ policy: POLICY })
    ;({ a, b } = replicas)
    await read(a, replicas.alice, 'alice at a')
    await read(b, replicas.alice, 'alice at b')
    await read(b, replicas.bob, 'bob at b')
    const session = replicas.alice.psql(a)
    session.type("SET countersign.reason = 'alice has a reason';")
    await session.next(/SET/)
    session.type("UPDATE orders SET status = 'alice writes' WHERE id = 1;")
    const id = await held(session)
    await b.api(replicas.bob.token).approve({ id, comment: 'bob comments' })
    await session.next(/UPDATE 1\n/)
    session.type("UPDATE orders SET id = 'alice at fault'::int WHERE id = 1;")
    failing = await held(session)
    await a.api(replicas.bob.token).approve({ id: failing })
    await session.next(/invalid input syntax/)
    await session.quit()
  })

  afterAll(() => replicas?.close())

  async function read(gateway: GatewayProcess, { user, token }: Visitor, what: string) {
    const client = new pg.Client({ ...gateway.postgres, user, password: token, database: 'db' })
    client.on('error', () => undefined)
    await client.connect()
    await client.query(`SELECT '${what}, as text', $1::text`, [`${what}, as parameter`])
    await client.end()
  }

  const fault = async () => (await a.api(replicas.erin.token).requestContext({ id: failing })).runs.latest
  const told = () => JSON.stringify([secretsIn(a.data), secretsIn(b.data)])
  const erase = (...more: readonly string[]) => countersign(['person', 'erase', 'alice@example.com', '--reason', 'she asked', '--json', ...more])
  /** Asked for, and done at both gateways: the command waits some seconds for them, which a busy machine may outlast, and says then that it does. */
  async function erased() {
    const { code, stdout } = await erase('--data', a.data)
    expect(code).toBeOneOf([0, 4])
    const { id, waiting } = JSON.parse(stdout)
    expect(waiting.length > 0).toBe(code === 4)
    const state = async () => (await a.api(replicas.erin.token).erasures()).find((erasure) => erasure.id === id)
    await expect.poll(state).toMatchObject({ waiting: [] })
    return state()
  }
  const verified = async ({ data }: GatewayProcess) => (await countersign(['ledger', 'verify', '--data', data, '--json'])).stdout
  const rows = async () =>
    JSON.stringify([await replicas.store('SELECT body FROM countersign.requests'), await replicas.store('SELECT body FROM countersign.grants')])

  it('is for admins, and needs a reason and a name that is known', async () => {
    const as = (token: string) => ({ COUNTERSIGN_GATEWAY: a.url, COUNTERSIGN_TOKEN: token })
    const bobs = await countersign(['person', 'erase', 'alice@example.com', '--reason', 'x'], as(replicas.bob.token))
    expect(bobs).toMatchObject({ code: 1, stderr: expect.stringContaining('only an admin erases personal data') })
    expect((await countersign(['person', 'erase', 'alice@example.com'], as(replicas.erin.token))).code).toBe(2)
    const unknown = await countersign(['person', 'erase', 'alize@example.com', '--reason', 'x'], as(replicas.erin.token))
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing is known here of a user alize@example.com') })
  })

  it('erases what policy marks at every gateway, and nothing else', async () => {
    for (const word of ['alice at a, as text', 'alice at b, as parameter', 'alice has a reason', 'alice writes', 'bob comments', 'bob at b, as text'])
      expect(told()).toContain(word)
    expect(await rows()).toContain('alice writes')
    await expect.poll(fault, { timeout: 10_000 }).toMatchObject([{ result: 'failed', error: expect.stringContaining('alice at fault'), sealed: false }])

    expect(await erased()).toMatchObject({ user: 'alice@example.com', waiting: [], done: [{}, {}] })
    for (const word of ['alice at', 'alice has a reason', 'alice writes']) expect(told()).not.toContain(word)
    for (const word of ['bob comments', 'bob at b, as text']) expect(told()).toContain(word)
    expect(await fault()).toMatchObject([{ result: 'failed', summary: '22P02', error: null, sealed: true }])
    for (const word of ['alice has a reason', 'alice writes']) expect(await rows()).not.toContain(word)
    expect(await rows()).toContain('bob comments')
  })

  it('leaves ledgers that verify, and that say of what is gone that it was erased', async () => {
    for (const gateway of [a, b]) {
      const { ok, chains } = JSON.parse(await verified(gateway)) as { ok: boolean; chains: { unopened: number; erased: number }[] }
      expect([ok, chains]).toMatchObject([true, [{ unopened: 0 }]])
      expect(chains[0]?.erased).toBeGreaterThan(0)
    }
  })

  it('names nobody in an entry or in the name of a file, and who asked is in the ledger', async () => {
    const entries = entriesOf(a.data)
    expect(entries.find(({ type }) => type === 'erasure.asked')?.body).toMatchObject({ by: 'local-admin' })
    expect(JSON.stringify(entries.filter(({ type }) => type === 'person.erased'))).not.toContain('alice')
    expect(readdirSync(join(a.data, 'keys')).join()).not.toContain('alice')
    expect(told()).toContain('she asked')
  })

  it('cuts her connections; what she does later is sealed with another key, and erased by the next time', async () => {
    const live = replicas.alice.psql(b)
    live.type("SELECT 'alice again';")
    await live.next(/alice again/)
    expect(told()).toContain('alice again')
    await erased()
    live.type('SELECT 1;')
    expect((await live.quit()).stderr).toMatch(/personal data of its user is erased/)
    expect(told()).not.toContain('alice again')
    await read(a, replicas.alice, 'alice is back')
    expect(told()).toContain('alice is back')
  })

  it('waits for a gateway that is down, says so with exit code 4, and is done when that starts; keys that a backup brings back go again', async () => {
    const data = mkdtempSync(join(tmpdir(), 'countersign-third-'))
    onTestFinished(() => rmSync(data, { recursive: true, force: true }))
    const start = () => startGateway(replicas.options({ data }))
    const sealed = () => JSON.stringify(secretsIn(data))
    const down = await start()
    await read(down, replicas.alice, 'alice before it is down')
    down.child.kill('SIGKILL')
    const { code, stdout } = await erase('--data', a.data)
    expect([code, JSON.parse(stdout)]).toMatchObject([4, { waiting: [expect.stringMatching(/^gw-/)], done: [{}, {}] }])
    expect(sealed()).toContain('alice before it is down')

    const up = await start()
    expect(sealed()).not.toContain('alice before it is down')
    expect((await a.api(replicas.erin.token).erasures())[0]).toMatchObject({ waiting: [], done: [{}, {}, {}] })
    await read(up, replicas.alice, 'alice in the backup')
    const backup = readdirSync(join(data, 'keys')).filter((name) => name.includes('-person-'))
    const kept = backup.map((name) => [join(data, 'keys', name), readFileSync(join(data, 'keys', name))] as const)
    for (const [path] of kept) expect(statSync(path).mode & 0o077).toBe(0)
    await a.api(replicas.erin.token).erase({ user: 'alice@example.com', reason: 'she asked' })
    await expect.poll(sealed, { timeout: 10_000 }).not.toContain('alice in the backup')
    await up.stop()
    for (const [path, content] of kept) writeFileSync(path, content)
    expect(sealed()).toContain('alice in the backup')
    await (await start()).stop()
    expect(sealed()).not.toContain('alice in the backup')
  })
})

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { countersign, secretsIn } from './support/ledger.ts'
import { lacks } from './support/needs.ts'
import { openStage, type Person, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") @personal("text, parameters") permit (principal, action in [Action::"connect", Action::"sql:read"], resource);
`
const CONNECTIONS = 6

interface Chain {
  readonly gateway: string
  readonly bad: unknown
  readonly unopened: number
  readonly erased: number
}

describe.skipIf(lacks('psql'))('erasing a person at a gateway with workers', { timeout: 60_000 }, () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, workers: 2 })
  }, 60_000)

  afterAll(() => stage?.close())

  async function connect({ user, token }: Person): Promise<pg.Client> {
    const client = new pg.Client({ ...stage.gateway.postgres, user, password: token, database: 'db' })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }
  /** Connections are given to the workers in turn, so that each has some of these. */
  async function read(person: Person, what: string): Promise<readonly pg.Client[]> {
    const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect(person)))
    for (const [at, client] of clients.entries()) await client.query(`SELECT '${what} ${at}', $1::text`, [`${what}, as parameter`])
    return clients
  }
  const sealed = () => JSON.stringify(secretsIn(stage.gateway.data))
  const personKeys = () => readdirSync(join(stage.gateway.data, 'keys')).filter((name) => /-w\d+-person-.*\.key$/.test(name))
  const chains = async (): Promise<readonly Chain[]> =>
    JSON.parse((await countersign(['ledger', 'verify', '--data', stage.gateway.data, '--json'])).stdout).chains

  it('erases what each of them sealed, cuts her connections to all of them, and leaves the others', async () => {
    const [alices, bobs] = [await read(stage.alice, 'alice reads'), await read(stage.bob, 'bob reads')]
    const before = personKeys()
    expect(new Set(before.map((name) => /-w(\d+)-/.exec(name)?.[1])).size).toBe(2)
    for (let at = 0; at < CONNECTIONS; at++) expect(sealed()).toContain(`alice reads ${at}`)

    const { code } = await countersign(['person', 'erase', stage.alice.user, '--reason', 'she asked', '--data', stage.gateway.data])
    expect(code).toBe(0)
    expect(sealed()).not.toContain('alice reads')
    for (let at = 0; at < CONNECTIONS; at++) expect(sealed()).toContain(`bob reads ${at}`)
    expect(personKeys().length).toBeLessThan(before.length)
    for (const client of alices) await expect(client.query('SELECT 1')).rejects.toThrow(/connection/i)
    for (const client of bobs) await client.query('SELECT 1')
    await Promise.all(bobs.map((client) => client.end()))
  })

  it('leaves their ledgers whole, and says in them what was erased', async () => {
    const ofWorkers = (await chains()).filter(({ gateway }) => /-w\d+$/.test(gateway))
    expect(ofWorkers).toHaveLength(2)
    for (const { bad, unopened, erased } of ofWorkers) expect({ bad, unopened, erased: erased > 0 }).toEqual({ bad: null, unopened: 0, erased: true })
  })

  it('has no worker seal with a key that is gone', async () => {
    const clients = await read(stage.alice, 'alice is back')
    await Promise.all(clients.map((client) => client.end()))
    for (let at = 0; at < CONNECTIONS; at++) expect(sealed()).toContain(`alice is back ${at}`)
    expect(sealed()).not.toContain('alice reads')
  })
})

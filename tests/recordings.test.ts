import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RecordingLine } from '@countersign/contract/schemas/recording'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { countersign, entriesOf } from './support/ledger.ts'
import { lacks } from './support/needs.ts'
import { POLICY } from './support/replicas.ts'
import { held, openStage, type Stage } from './support/stage.ts'

describe.skipIf(lacks('psql'))('recordings of sessions', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, recordings: { directory: './recordings' }, resources: { db: {}, kept: { recording: { parameters: 'keep' } } } })
  })

  afterAll(() => stage?.close())

  const folder = () => join(stage.gateway.data, '../recordings')
  const finished = () => entriesOf(stage.gateway.data).filter(({ type }) => type === 'recording.finished')
  /** The sessions that have a recording, oldest first. */
  const sessions = () => finished().flatMap(({ body: { session } }) => (typeof session === 'string' ? [session] : []))
  const fileOf = (session: string) => join(folder(), `${session}.age`)
  const newest = async () => (await stage.erin.api.recordings()).recordings[0]
  /** The newest recording, once there are `count`. */
  const recorded = async (count: number) => {
    await expect.poll(() => finished().length, { timeout: 15_000 }).toBe(count)
    await expect.poll(async () => (await stage.erin.api.recordings()).recordings.length).toBe(count)
    return (await newest())?.session ?? ''
  }
  const linesOf = async (session: string, api = stage.erin.api) => {
    const lines: RecordingLine[] = []
    for await (const line of api.recording({ session })) lines.push(line)
    return lines
  }

  it('tell what a person did, what became of it, and who approved it', async () => {
    const { alice, bob } = stage
    const session = alice.psql()
    session.type("SELECT id FROM orders WHERE status = 'new' ORDER BY id LIMIT 3;")
    await session.next(/3/)
    session.type("SELECT 'of nobody else'::int;")
    await session.next(/ERROR/)
    session.type('DELETE FROM orders WHERE id = 7;')
    const request = await held(session)
    await bob.api.approve({ id: request, comment: 'yes' })
    await session.next(/DELETE 1/)
    session.type('CREATE TABLE never (id int);')
    await session.next(/no policy permits/)
    await session.quit()
    const id = await recorded(1)
    const lines = await linesOf(id)
    expect(lines.map(({ line }) => line)).toEqual(['begin', 'started', 'finished', 'started', 'finished', 'decided', 'started', 'finished', 'decided', 'end'])
    expect(lines[0]).toMatchObject({ session: id, principal: 'alice@example.com', resource: 'db', kind: 'sql', v: 1 })
    expect(lines[1]).toMatchObject({ action: 'sql:read', objects: ['orders'], text: "SELECT id FROM orders WHERE status = 'new' ORDER BY id LIMIT 3" })
    expect(lines[2]).toMatchObject({ result: 'done', summary: 'SELECT 3', rows: 3, ms: expect.any(Number) })
    expect(lines[4]).toMatchObject({ result: 'failed', summary: '22P02', error: 'invalid input syntax for type integer: "of nobody else"' })
    expect(lines[5]).toMatchObject({ effect: 'review', request })
    expect(lines[6]).toMatchObject({ text: 'DELETE FROM orders WHERE id = 7', requests: [request] })
    expect(lines[8]).toMatchObject({ effect: 'deny', text: 'CREATE TABLE never (id int)' })
    expect(lines[9]).toMatchObject({ statements: 3, failed: 1, rows: 4 })
  })

  it('have the values of parameters where the resource says so, and else only how many there were', async () => {
    for (const [index, database] of ['db', 'kept'].entries()) {
      const client = new pg.Client({ ...stage.gateway.postgres, user: stage.alice.user, password: stage.alice.token, database })
      await client.connect()
      await client.query('SELECT $1::text', ['a secret of a customer'])
      await client.end()
      const lines = await linesOf(await recorded(2 + index))
      const parameters = database === 'db' ? 1 : [{ value: 'a secret of a customer', format: 'text', type: 0 }]
      expect(lines.find(({ line }) => line === 'started')).toMatchObject({ text: 'SELECT $1::text', parameters })
    }
  })

  it('are found by statement, object, person, resource and time, by those whose they are and by auditors', async () => {
    const { erin, alice, bob } = stage
    const found = async (query: Parameters<typeof erin.api.recordings>[0], api = erin.api) => (await api.recordings(query)).recordings
    expect(await found({ text: 'delete FROM', object: 'orders' })).toMatchObject([
      { matches: { count: 1, first: [{ text: 'DELETE FROM orders WHERE id = 7' }] } },
    ])
    expect(await found({ object: 'customers' })).toEqual([])
    expect(await found({ resource: 'kept' })).toHaveLength(1)
    expect(await found({ principal: 'bob@example.com' })).toEqual([])
    expect(await found({ until: '2026-01-01T00:00:00.000Z' })).toEqual([])
    expect(await found({}, alice.api)).toHaveLength(3)
    expect(await found({}, bob.api)).toEqual([])
    const [one] = await found({ limit: 1 })
    await expect(linesOf(one?.session ?? '', bob.api)).rejects.toThrow('there is no recording')
    const admin = stage.gateway.api(await stage.gateway.token('frank@example.com'))
    expect(await found({}, admin)).toEqual([])
    await expect(linesOf(one?.session ?? '', admin)).rejects.toThrow('there is no recording')
    const reads = entriesOf(stage.gateway.data).filter(({ type }) => type === 'recording.read')
    expect(reads.map(({ body }) => body['by'])).toEqual(Array.from({ length: 3 }, () => 'erin@example.com'))
    expect(entriesOf(stage.gateway.data).filter(({ type }) => type === 'recording.searched')).toHaveLength(2)
  })

  it.skipIf(lacks('age') || lacks('zstd'))('are read with the key and tools that nobody here wrote', async () => {
    const [session = ''] = sessions()
    const plain = execFileSync('sh', ['-c', `age -d -i "$1" "$2" | zstd -d`, 'sh', join(stage.gateway.data, 'keys/recordings.agekey'), fileOf(session)], {
      encoding: 'utf8',
    })
    const lines = plain.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line) as RecordingLine)).toEqual(await linesOf(session))
  })

  it('are shown as a transcript, as JSON lines and as an asciicast', async () => {
    const [session = ''] = sessions()
    const env = { COUNTERSIGN_GATEWAY: stage.gateway.url, COUNTERSIGN_TOKEN: stage.erin.token }
    const text = await countersign(['replay', session], env)
    expect(text.stdout).toMatch(
      /alice@example.com on db.*\n[\s\S]*DELETE FROM orders WHERE id = 7\n.*approved: req-[\s\S]*-> DELETE 1[\s\S]*denied[\s\S]*ended: /,
    )
    const json = await countersign(['replay', session, '--json'], env)
    expect(json.stdout.trimEnd().split('\n')).toHaveLength(10)
    const cast = await countersign(['replay', session, '--cast'], env)
    const [header, ...events] = cast.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
    expect(header).toMatchObject({ version: 2, width: expect.any(Number), height: expect.any(Number) })
    for (const event of events) expect(event).toEqual([expect.any(Number), 'o', expect.stringMatching(/\r\n$/)])
    const list = await countersign(['recordings', '--search', 'DELETE'], env)
    expect(list.stdout).toContain('DELETE FROM orders WHERE id = 7')
  })

  it('are refused when the file is another, is cut, or is gone', async () => {
    const [session = '', other = ''] = sessions()
    const before = readFileSync(fileOf(session))
    writeFileSync(fileOf(session), readFileSync(fileOf(other)))
    await expect(linesOf(session)).rejects.toThrow('somebody changed it')
    writeFileSync(fileOf(session), before.subarray(0, -1))
    await expect(linesOf(session)).rejects.toThrow('somebody changed it')
    expect((await stage.erin.api.recordings({ text: 'DELETE' })).recordings).toMatchObject([
      { session, broken: expect.stringMatching(/not the one|no recording/) },
    ])
    writeFileSync(fileOf(session), before)
    expect(await linesOf(session)).toHaveLength(10)
    expect(readdirSync(join(stage.gateway.data, 'recordings-spool'))).toEqual([])
  })
})

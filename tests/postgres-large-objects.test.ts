import { functionCall, query } from '@countersign/wire/postgres/encode'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entries, leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'
import { type Answer, RawClient, tell } from './support/wire.ts'

const POLICY = `
@id("works") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read", Action::"sql:write", Action::"sql:ddl"], resource);
@id("writes-to-held") @review("dba") forbid (principal, action == Action::"sql:write", resource == Resource::"held");
@id("nothing-to-closed") forbid (principal, action in [Action::"sql:read", Action::"sql:write"], resource == Resource::"closed");
`
const LO_OPEN = 952
const LO_READ = 954
const LO_WRITE = 955
const LO_CREATE = 715
const LO_UNLINK = 964
const LO_IMPORT = 764
const INV_READ = 0x40000
const INV_WRITE = 0x20000

const int4 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
const call = (functionOid: number, ...values: readonly Uint8Array[]) => functionCall({ functionOid, formats: [1], values, resultFormat: 1 })
const resultOf = (answers: readonly Answer[]) => {
  const response = answers.find(({ code }) => code === 0x56)
  return response && Buffer.from(response.body.subarray(4)).toString('hex')
}

/** As libpq's lo_* functions and their likes in other drivers do: by the FunctionCall message, without any SQL. */
describe.each([18, 15] as const)('large objects by the function call message, PostgreSQL %i', (version) => {
  let stage: Stage
  let own: RawClient

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, version, resources: { db: {}, held: {}, closed: {} } })
  })

  afterAll(() => stage?.close())

  const connect = async (resource: string) => (own = await RawClient.login(stage.gateway.postgres, stage.alice, resource))
  const result = async (...message: Parameters<typeof call>) => {
    own.send(call(...message))
    return resultOf(await own.until(0x5a))
  }
  const exists = async (oid: number) => (await stage.ask('SELECT 1 FROM pg_largeobject_metadata WHERE oid = $1', [oid])).length === 1

  it('are made, written, read and removed, each call judged as a read or a write and recorded so', async () => {
    await connect('db')
    expect(await result(LO_CREATE, int4(70_001))).toBe(int4(70_001).toString('hex'))
    await own.ask(query('BEGIN'))
    expect(await result(LO_OPEN, int4(70_001), int4(INV_READ | INV_WRITE))).toBe('00000000')
    expect(await result(LO_WRITE, int4(0), Buffer.from('00ff10', 'hex'))).toBe('00000003')
    expect(await result(956, int4(0), int4(0), int4(0))).toBe('00000000')
    expect(await result(LO_READ, int4(0), int4(100))).toBe('00ff10')
    expect(await own.ask(query('COMMIT'))).toEqual(['complete COMMIT', 'ready I'])
    expect(await own.ask(call(LO_UNLINK, int4(70_001)))).toEqual(['functionCallResponse', 'ready I'])
    expect(await exists(70_001)).toBe(false)
    own.close()
    await expect.poll(async () => (await entries(stage, 'action.finished')).length, { timeout: 15_000 }).toBeGreaterThan(0)
  })

  it('are shown to the reviewer as what they do, with their arguments, and released as they came', async () => {
    await connect('held')
    own.send(call(LO_CREATE, int4(70_002)))
    const id = /held (req-\w+):/.exec(await own.told())?.[1] ?? ''
    expect(await stage.bob.api.request({ id })).toMatchObject({
      ask: { type: 'sql:write', text: 'SELECT pg_catalog.lo_create($1)', parameters: [{ value: '00011172', format: 'binary', type: 26 }] },
    })
    expect(await exists(70_002)).toBe(false)
    await stage.bob.api.approve({ id })
    const answers = await own.until(0x5a)
    expect(answers.map(tell)).toEqual([expect.stringContaining('approved by bob'), 'functionCallResponse', 'ready I'])
    expect(await exists(70_002)).toBe(true)
    own.close()
  })

  it('that are denied say so once, and fail an open transaction as the server would', async () => {
    await connect('held')
    await own.ask(query('BEGIN; SAVEPOINT before'))
    own.send(call(LO_UNLINK, int4(70_002)))
    const id = /held (req-\w+):/.exec(await own.told())?.[1] ?? ''
    await stage.bob.api.deny({ id, comment: 'keep it' })
    expect((await own.until(0x5a)).map(tell)).toEqual([expect.stringMatching(/^error 42501 .*keep it/), 'ready E'])
    expect(await own.ask(query('ROLLBACK TO before'))).toEqual(['complete ROLLBACK', 'ready T'])
    expect(await own.ask(query('COMMIT'))).toEqual(['complete COMMIT', 'ready I'])
    expect(await exists(70_002)).toBe(true)
    own.close()
  })

  it('are opened as a write where they are opened for that, and as a read where all can see that they are not', async () => {
    await connect('held')
    await own.ask(query('BEGIN; SAVEPOINT before'))
    expect(await own.ask(call(LO_OPEN, int4(70_002), int4(INV_READ)))).toEqual(['functionCallResponse', 'ready T'])
    const asText = functionCall({ functionOid: LO_OPEN, formats: [0], values: [Buffer.from('70002'), Buffer.from(`${INV_READ}`)], resultFormat: 1 })
    expect(await own.ask(asText)).toEqual(['functionCallResponse', 'ready T'])
    const inHex = functionCall({ functionOid: LO_OPEN, formats: [1, 0], values: [int4(70_002), Buffer.from('0x20000')], resultFormat: 1 })
    for (const opening of [call(LO_OPEN, int4(70_002), int4(INV_WRITE)), call(LO_OPEN, int4(70_002), int4(-1)), inHex]) {
      own.send(opening)
      const id = /held (req-\w+):/.exec(await own.told())?.[1] ?? ''
      expect(await stage.bob.api.request({ id })).toMatchObject({ ask: { type: 'sql:write', text: 'SELECT pg_catalog.lo_open($1, $2)' } })
      await stage.bob.api.deny({ id, comment: 'no' })
      expect((await own.until(0x5a)).map(tell)).toContain('ready E')
      await own.ask(query('ROLLBACK TO before'))
    }
    own.close()
  })

  it('are unknown where a superuser has put something else in their place', async () => {
    await connect('db')
    const replace = async (source: string) => {
      await stage.ask(`CREATE OR REPLACE FUNCTION pg_catalog.lo_creat(int4) RETURNS oid LANGUAGE internal STRICT AS '${source}'`)
      await own.ask(query('COMMENT ON TABLE orders IS NULL')) // the gateway looks again
    }
    await replace('be_lo_unlink')
    expect(await own.ask(call(957, int4(70_002)))).toEqual([expect.stringMatching(/^error 42501 .*no policy permits/), 'ready I'])
    await replace('be_lo_creat')
    expect(await own.ask(call(957, int4(-1)))).toEqual(['functionCallResponse', 'ready I'])
    own.close()
  })

  it('are refused where policy says so', async () => {
    await connect('closed')
    expect(await own.ask(call(3458, int4(70_002)))).toEqual([expect.stringMatching(/^error 42501 .*nothing-to-closed/), 'ready I'])
    own.close()
  })

  it('that are no large object function, touch files of the server, or have other arguments are refused', async () => {
    await connect('db')
    for (const message of [call(1598), call(LO_IMPORT, Buffer.from('/etc/passwd')), call(LO_UNLINK), call(LO_UNLINK, int4(1), int4(2))])
      expect(await own.ask(message)).toEqual([expect.stringMatching(/^error 0A000 .*large objects only/), 'ready I'])
    expect(await own.ask(call(LO_UNLINK, int4(1)))).toEqual([expect.stringMatching(/^error 42704 /), 'ready I'])
    expect(await own.ask(query('SELECT 1'))).toContain('row 1')
    own.close()
  })

  it('leave nothing behind', async () => {
    expect(await leftovers(stage)).toEqual([])
  })
})

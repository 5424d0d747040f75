import { bind, execute, parse, query, sync } from '@countersign/wire/postgres/encode'
import { decodeFields } from '@countersign/wire/postgres/backend-message'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'
import { RawClient } from './support/wire.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
@id("settings") permit (principal in Group::"engineering", action in [Action::"sql:admin"], resource);
`
const unnamed = bind({ portal: '', statement: '', formats: [], values: [], resultFormats: [] })
/** A Query with bytes that no text has. */
const rawQuery = (bytes: Buffer) => Buffer.concat([Buffer.from('Q'), lengthOf(bytes), bytes, Buffer.from([0])])
const lengthOf = (bytes: Buffer) => {
  const length = Buffer.alloc(4)
  length.writeInt32BE(bytes.length + 5)
  return length
}

describe('a statement that cannot be read', () => {
  let stage: Stage
  let own: RawClient

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY })
  })

  beforeEach(async () => {
    own = await RawClient.login(stage.gateway.postgres, stage.alice)
  })

  afterEach(() => own.close())

  afterAll(() => stage?.close())

  const errorOf = async (...messages: Uint8Array[]) => {
    own.send(...messages)
    const error = (await own.until(0x5a)).find(({ code }) => code === 0x45)
    return Object.fromEntries(error ? decodeFields(error.body) : [])
  }

  it('is refused with what the parser said of it', async () => {
    expect(await errorOf(query('SELEC 1'))).toMatchObject({ C: '42501', D: expect.stringContaining('syntax error at or near "SELEC"') as string })
    expect(await own.ask(query('SELECT 1'))).toContain('row 1')
  })

  it('is refused by the server itself when it is parsed ahead', async () => {
    expect(await errorOf(parse('', 'SELEC 1'), unnamed, execute(''), sync())).toMatchObject({ C: '42601', M: 'syntax error at or near "SELEC"' })
  })

  it('is every statement while standard_conforming_strings is off, and says why', async () => {
    expect(await own.ask(query('SET standard_conforming_strings = off'))).toContain('complete SET')
    expect(await errorOf(query("SELECT 'a\\'"))).toMatchObject({ C: '42501', D: expect.stringContaining('standard_conforming_strings') as string })
    expect(await errorOf(parse('', 'SELECT 1'), unnamed, execute(''), sync())).toMatchObject({ C: '42501' })
  })

  it('is one that was parsed before standard_conforming_strings was turned off', async () => {
    await own.ask(parse('a', 'SELECT 1'), sync())
    await own.ask(query('SET standard_conforming_strings = off'))
    expect(await errorOf(bind({ portal: '', statement: 'a', formats: [], values: [], resultFormats: [] }), execute(''), sync())).toMatchObject({ C: '42501' })
  })

  it('is not valid UTF-8', async () => {
    expect(await errorOf(rawQuery(Buffer.from([0x53, 0xff, 0xfe])))).toMatchObject({ C: '22021' })
    expect(await own.ask(query('SELECT 1'))).toContain('row 1')
  })

  it('is longer than anybody parses', async () => {
    expect(await errorOf(query(`SELECT '${'x'.repeat(600_000)}'`))).toMatchObject({ C: '42501', D: expect.stringContaining('longer than') as string })
  })

  it('is two in one message: the strictest type decides, and one request shows both', async () => {
    own.send(query("SELECT 1; UPDATE orders SET status = 'x' WHERE id = 1"))
    const id = /held (req-\w+):/.exec(await own.told())?.[1] ?? ''
    const pending = (await stage.alice.api.requests({})).filter(({ status }) => status === 'pending')
    expect(pending).toMatchObject([{ id, ask: { type: 'sql:write', statements: [{ type: 'sql:read' }, { type: 'sql:write' }] } }])
    await stage.alice.api.withdraw({ id })
    expect((await own.until(0x5a)).length).toBe(2)
  })

  it('is a function call message', async () => {
    const call = Buffer.from('460000000e000004d2000000000000', 'hex')
    expect(await own.ask(call)).toEqual([expect.stringMatching(/^error 0A000 /), 'ready I'])
  })

  it('has run nothing, and leaves nothing behind when its client vanishes as well', async () => {
    own.send(query('DELETE FROM orders WHERE id = 7'))
    expect(await own.told()).toMatch(/held/)
    own.socket.resetAndDestroy()
    expect(await stage.runs()).toBe(0)
    expect(await leftovers(stage)).toEqual([])
    expect((await stage.alice.api.requests({})).filter(({ status }) => status === 'pending')).toHaveLength(1)
  })
})

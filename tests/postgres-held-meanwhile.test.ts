import { bind, execute, parse, query, sync } from '@countersign/wire/postgres/encode'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'
import { RawClient, tell } from './support/wire.ts'

const POLICY = `
@id("works") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read", Action::"sql:write"], resource);
@id("held") @review("dba") forbid (principal, action == Action::"sql:write", resource) when { context.tables.contains("orders") };
`
const HELD = 'DELETE FROM orders WHERE id = 7'

describe('while a statement is held', () => {
  let stage: Stage
  let own: RawClient

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY })
    own = await RawClient.login(stage.gateway.postgres, stage.alice)
  })

  afterAll(() => stage?.close())

  const hold = async () => {
    own.send(query(HELD))
    return /held (req-\w+):/.exec(await own.told())?.[1] ?? ''
  }

  it('a notification that the client listens for reaches it at once', async () => {
    await own.ask(query('LISTEN news'))
    const id = await hold()
    await stage.ask("SELECT pg_notify('news', 'meanwhile')")
    const notification = await own.next()
    expect(notification && tell(notification)).toBe('notificationResponse')
    expect(Buffer.from(notification?.body ?? []).toString()).toContain('news\0meanwhile\0')
    await stage.bob.api.approve({ id })
    expect((await own.until(0x5a)).map(tell)).toEqual([expect.stringContaining('approved by bob'), 'complete DELETE 1', 'ready I'])
  })

  it('in a transaction, a notification waits for its end, as the server has it', async () => {
    await own.ask(query('BEGIN'))
    const id = await hold()
    await stage.ask("SELECT pg_notify('news', 'later')")
    expect(await own.silent(200)).toBe(true)
    await stage.bob.api.deny({ id, comment: 'no' })
    expect((await own.until(0x5a)).map(tell)).toEqual([expect.stringMatching(/^error 42501 /), 'ready E'])
    // The server sends it when it is idle again, before or behind its ReadyForQuery.
    own.send(query('ROLLBACK'))
    const answers = [await own.told(), await own.told(), await own.told()]
    expect(answers.toSorted()).toEqual(['complete ROLLBACK', 'notificationResponse', 'ready I'])
  })

  it('what is sent behind it is answered afterwards, each once and in order', async () => {
    const id = await hold()
    const numbers = Array.from({ length: 200 }, (_, n) => n)
    own.send(...numbers.map((n) => query(`SELECT ${n}`)))
    expect(await own.silent(200)).toBe(true)
    await stage.bob.api.deny({ id, comment: 'no' })
    expect((await own.until(0x5a)).map(tell)).toEqual([expect.stringMatching(/^error 42501 /), 'ready I'])
    for (const n of numbers) expect((await own.until(0x5a)).map(tell)).toEqual(['rowDescription', `row ${n}`, 'complete SELECT 1', 'ready I'])
  })

  it('a client that sends more than is kept is not read, and loses nothing', { timeout: 60_000 }, async () => {
    const id = await hold()
    const many = 300
    const large = bind({ portal: '', statement: '', formats: [], values: [Buffer.alloc(100_000, 'x')], resultFormats: [] })
    for (let sent = 0; sent < many; sent++) own.send(parse('', 'SELECT length($1)'), large, execute(''), sync())
    await expect.poll(() => own.socket.writableLength, { timeout: 5_000 }).toBeGreaterThan(0)
    expect(await own.silent(300)).toBe(true)
    expect(own.socket.writableLength).toBeGreaterThan((many * large.length) / 4)
    await stage.bob.api.deny({ id, comment: 'no' })
    expect((await own.until(0x5a)).map(tell)).toEqual([expect.stringMatching(/^error 42501 /), 'ready I'])
    for (let answered = 0; answered < many; answered++) expect((await own.until(0x5a)).map(tell)).toContain('row 100000')
  })

  it('leaves nothing behind', async () => {
    own.close()
    expect(await leftovers(stage)).toEqual([])
  })
})

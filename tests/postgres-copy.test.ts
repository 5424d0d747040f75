import { createHash } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bind, copyData, copyDone, copyFail, execute, parse, query, sync } from '@countersign/wire/postgres/encode'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { entries, leftovers } from './support/aftermath.ts'
import { lacks } from './support/needs.ts'
import { openStage, type Stage } from './support/stage.ts'
import { RawClient } from './support/wire.ts'

const POLICY = `
@id("works") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read", Action::"sql:write"], resource);
@id("held") @review("dba") forbid (principal, action == Action::"sql:write", resource == Resource::"held");
`
const SEED = `
  CREATE TABLE notes (n int, t text);
  CREATE TABLE full_up (n int);
  CREATE FUNCTION say_no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no more'; END $$;
  CREATE TRIGGER say_no BEFORE INSERT ON full_up FOR EACH STATEMENT EXECUTE FUNCTION say_no();
`
const sum = (data: string) => ({ bytes: Buffer.byteLength(data), sha256: createHash('sha256').update(data).digest('hex') })
const unnamed = bind({ portal: '', statement: '', formats: [], values: [], resultFormats: [] })
const data = (text: string) => copyData(Buffer.from(text))

describe('COPY through the gateway', () => {
  let stage: Stage
  let own: RawClient

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, resources: { db: {}, held: {} }, seed: SEED })
  })

  beforeEach(async () => {
    own = await RawClient.login(stage.gateway.postgres, stage.alice)
  })

  afterEach(async () => {
    own.close()
    await stage.ask('TRUNCATE notes')
  })

  afterAll(() => stage?.close())

  const notes = () => stage.ask('SELECT n || t FROM notes ORDER BY n')
  /** What the ledger has of the newest COPY. */
  const recorded = async () => (await entries(stage, 'action.finished')).at(-1)

  it('in is recorded with the digest of its data', async () => {
    own.send(query('COPY notes FROM STDIN'))
    expect(await own.told()).toBe('copyInResponse')
    expect(await own.ask(data('1\ta\n2'), data('\tb\n'), copyDone())).toEqual(['complete COPY 2', 'ready I'])
    expect(await notes()).toEqual(['1a', '2b'])
    await expect.poll(recorded).toMatchObject({ result: 'done', summary: 'COPY 2', rows: 2, sent: sum('1\ta\n2\tb\n') })
  })

  it('in by the extended protocol works with everything sent ahead, as libpq does and as others do', async () => {
    const copy = [parse('', 'COPY notes FROM STDIN'), unnamed, execute('')]
    const answers = ['parseComplete', 'bindComplete', 'copyInResponse', 'complete COPY 1', 'ready I']
    expect(await own.ask(...copy, sync(), data('1\ta\n'), copyDone(), sync())).toEqual(answers)
    expect(await own.ask(...copy, data('2\tb\n'), copyDone(), sync())).toEqual(answers)
    expect(await notes()).toEqual(['1a', '2b'])
    await expect.poll(recorded).toMatchObject({ summary: 'COPY 1', sent: sum('2\tb\n') })
  })

  it('in that fails before any of its data came is answered as the server does, and the session goes on', async () => {
    const failing = [parse('', 'COPY full_up FROM STDIN'), unnamed, execute('')]
    const failed = ['parseComplete', 'bindComplete', 'copyInResponse', 'error P0001 no more', 'ready I']
    const wrong = [parse('', 'COPY nowhere FROM STDIN'), unnamed, execute(''), sync()]
    expect(await own.ask(...failing, sync())).toEqual(failed) // to this Sync the server answers, because it has read no data before it
    own.send(data('1\n'), copyDone(), sync())
    expect(await own.ask()).toEqual(['ready I'])
    expect(await own.ask(...failing, data('1\n'), copyDone(), sync())).toEqual(failed)
    expect(await own.ask(...wrong)).toEqual(['parseComplete', 'bindComplete', expect.stringMatching(/^error 42P01 /), 'ready I'])
    expect(await own.ask(query('SELECT 1'))).toContain('row 1')
  })

  it('in twice in one message records both', async () => {
    own.send(query('COPY notes FROM STDIN; COPY notes FROM STDIN'))
    own.send(data('1\ta\n'), copyDone(), data('2\tb\n'), copyDone())
    expect([await own.told(), await own.told(), await own.told(), await own.told(), await own.told()]).toEqual([
      'copyInResponse',
      'complete COPY 1',
      'copyInResponse',
      'complete COPY 1',
      'ready I',
    ])
    await expect.poll(recorded).toMatchObject({ sent: sum('1\ta\n2\tb\n') })
  })

  it.each([
    ['simple', [query('COPY notes FROM STDIN')], []],
    ['extended', [parse('', 'COPY notes FROM STDIN'), unnamed, execute('')], [sync()]],
  ])('in by the %s protocol ends with CopyFail, and with an error of the server in the middle of the data', async (_, copy, after) => {
    own.send(...copy)
    await own.until(0x47)
    expect(await own.ask(data('1\ta\n'), copyFail('had enough'), ...after)).toEqual([expect.stringMatching(/^error 57014 .*had enough/), 'ready I'])
    await expect.poll(recorded).toMatchObject({ result: 'failed', summary: '57014', sent: sum('1\ta\n') })
    own.send(...copy)
    await own.until(0x47)
    expect(await own.ask(data('1\ta\nnot a number\tb\n'), data('2\tb\n'), copyDone(), ...after)).toEqual([expect.stringMatching(/^error 22P02/), 'ready I'])
    expect(await own.ask(query('SELECT 1'))).toContain('row 1')
    expect(await notes()).toEqual([])
  })

  it('in sends nothing before it is approved', async () => {
    const held = await RawClient.login(stage.gateway.postgres, stage.alice, 'held')
    held.send(query('COPY notes FROM STDIN'))
    const id = /held (req-\w+):/.exec(await held.told())?.[1] ?? ''
    expect(await held.silent(200)).toBe(true)
    await stage.bob.api.approve({ id })
    expect([await held.told(), await held.told()]).toEqual([expect.stringContaining('approved'), 'copyInResponse'])
    expect(await held.ask(data('7\tx\n'), copyDone())).toEqual(['complete COPY 1', 'ready I'])
    expect(await notes()).toEqual(['7x'])
    held.close()
  })

  it('in ends with a clear error when something else than data is sent', async () => {
    own.send(query('COPY notes FROM STDIN'))
    expect(await own.told()).toBe('copyInResponse')
    own.send(query('SELECT 1'))
    expect((await own.last()).join()).toMatch(/^error 08P01 .*COPY/)
  })

  it('out passes as it is', async () => {
    expect(await own.ask(query('COPY (SELECT 1, 2) TO STDOUT'))).toEqual(['copyOutResponse', 'copyData', 'copyDone', 'complete COPY 1', 'ready I'])
    const extended = await own.ask(parse('', 'COPY (SELECT 1) TO STDOUT'), unnamed, execute(''), sync())
    expect(extended).toEqual(['parseComplete', 'bindComplete', 'copyOutResponse', 'copyData', 'copyDone', 'complete COPY 1', 'ready I'])
  })

  it.skipIf(lacks('psql'))('works both ways with \\copy of psql', async () => {
    const file = join(tmpdir(), `countersign-copy-${process.pid}`)
    writeFileSync(file, Array.from({ length: 20_000 }, (_, n) => `${n}\tnote ${n}\n`).join(''))
    const session = stage.alice.psql()
    session.type(`\\copy notes from '${file}'`)
    session.type(`\\copy (select * from notes order by n) to '${file}.out'`)
    const { stdout } = await session.quit()
    expect(stdout).toBe('COPY 20000\nCOPY 20000\n')
    expect(readFileSync(`${file}.out`).equals(readFileSync(file))).toBe(true)
    for (const each of [file, `${file}.out`]) rmSync(each)
  })

  it('leaves nothing behind', async () => {
    own.close()
    expect(await leftovers(stage)).toEqual([])
  })
})

import { bind as bindMessage, close, execute, flush, parse, query, sync } from '@countersign/wire/postgres/encode'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'
import { RawClient, tell } from './support/wire.ts'

const POLICY = `
@id("works") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read", Action::"sql:write"], resource);
@id("no-where") forbid (principal, action == Action::"sql:write", resource) when { context.unbounded };
`
/** MESSAGES=100000 for a long one. */
const MESSAGES = Number(process.env['MESSAGES'] ?? 10_000)
const PATIENCE_MS = 20_000 + MESSAGES

const bind = (statement = '', portal = '', values: readonly string[] = []) =>
  bindMessage({ portal, statement, formats: [], values: values.map((value) => Buffer.from(value)), resultFormats: [] })

describe('a pipeline of many messages', { timeout: PATIENCE_MS }, () => {
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

  it('without a name is answered in order, with one Sync at its end', async () => {
    const rounds = Math.ceil(MESSAGES / 3)
    const numbers = Array.from({ length: rounds }, (_, n) => n)
    const each = numbers.flatMap((n) => [parse('', 'SELECT $1::int'), bind('', '', [`${n}`]), execute('')])
    const answers = await own.ask(Buffer.concat([...each, sync()]))
    expect(answers.filter((each) => each.startsWith('row'))).toEqual(numbers.map((n) => `row ${n}`))
    expect(answers.filter((each) => each === 'parseComplete' || each === 'bindComplete')).toHaveLength(2 * rounds)
    expect(answers.filter((each) => each.startsWith('ready'))).toEqual(['ready I'])
  })

  it('with names, each closed again, a Flush now and then, and a Sync after each, is answered in order', async () => {
    const rounds = Math.ceil(MESSAGES / 6)
    const numbers = Array.from({ length: rounds }, (_, n) => n)
    const each = numbers.flatMap((n) => [
      parse(`s${n}`, `SELECT ${n}`),
      ...(n % 7 === 0 ? [flush()] : []),
      bind(`s${n}`, `p${n}`),
      execute(`p${n}`),
      close('P', `p${n}`),
      close('S', `s${n}`),
      sync(),
    ])
    own.send(Buffer.concat(each))
    for (const n of numbers)
      expect((await own.until(0x5a)).map(tell)).toEqual([
        'parseComplete',
        'bindComplete',
        `row ${n}`,
        'complete SELECT 1',
        'closeComplete',
        'closeComplete',
        'ready I',
      ])
  })

  it.each([
    ['fails', 'SELECT 1 / ($1::int - 0)', /^error 22012/],
    ['is refused', null, /^error 42501/],
  ])('of which one in the middle %s ends there, and what came before is taken back', async (_, failing, error) => {
    const rounds = Math.ceil(MESSAGES / 9)
    await stage.ask('TRUNCATE orders')
    const insert = (id: number) => [parse('', "INSERT INTO orders VALUES ($1, 'new')"), bind('', '', [`${id}`]), execute('')]
    const middle = failing === null ? [parse('', 'DELETE FROM orders'), bind(), execute('')] : [parse('', failing), bind('', '', ['0']), execute('')]
    const inserts = Array.from({ length: rounds }, (__, n) => insert(n)).flat()
    const answers = await own.ask(Buffer.concat([...inserts, ...middle, ...inserts, sync()]))
    expect(answers.filter((each) => each === 'complete INSERT 0 1')).toHaveLength(rounds)
    expect(answers.slice(-2)).toEqual([expect.stringMatching(error), 'ready I'])
    expect(await stage.ask('SELECT count(*)::int FROM orders')).toEqual([0])
    expect(await own.ask(query('SELECT 4'))).toContain('row 4')
  })

  it('reads several portals in turn, a few rows each, to their ends', async () => {
    const portals = ['a', 'b', 'c', 'd']
    const rows = Math.ceil(MESSAGES / 40)
    await own.ask(query('BEGIN'))
    const opening = portals.flatMap((name) => [parse('', `SELECT '${name}' || n FROM generate_series(1, ${rows}) n`), bind('', name)])
    await own.ask(...opening, sync())
    const turns = Array.from({ length: Math.floor(rows / 10) + 1 }, () => portals.map((name) => execute(name, 10))).flat()
    const answers = await own.ask(Buffer.concat([...turns, sync()]))
    for (const name of portals)
      expect(answers.filter((each) => each.startsWith(`row ${name}`))).toEqual(Array.from({ length: rows }, (_, n) => `row ${name}${n + 1}`))
    expect(answers.filter((each) => each === 'portalSuspended')).toHaveLength(portals.length * Math.floor(rows / 10))
    expect(answers.at(-1)).toBe('ready T')
    const closed = await own.ask(close('P', 'b'), execute('a', 1), execute('b', 1), sync())
    expect(closed).toEqual(['closeComplete', 'complete SELECT 0', expect.stringMatching(/^error 34000/), 'ready E'])
  })

  it('leaves nothing behind', async () => {
    own.close()
    expect(await leftovers(stage)).toEqual([])
  })
})

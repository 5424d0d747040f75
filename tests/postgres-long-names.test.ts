import { bind as bindMessage, close, describe as describeMessage, execute, parse, query, sync } from '@countersign/wire/postgres/encode'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'
import { RawClient } from './support/wire.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`
const WRITE = 'DELETE FROM orders WHERE id = 7'
const REFUSED = [expect.stringMatching(/^error 42622 .*63 bytes/), 'ready I']

const bind = (statement: string, portal = '') => bindMessage({ portal, statement, formats: [], values: [], resultFormats: [] })

describe('a name that is longer than the server keeps', () => {
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

  // To the server these are one name: what runs under the first is what was prepared under the second.
  it.each([
    ['its beginning', 'n'.repeat(63), 'n'.repeat(64)],
    ['another as long', 'n'.repeat(63) + 'r', 'n'.repeat(63) + 'w'],
    ['another in an encoding of the server', 'é'.repeat(31), 'é'.repeat(32)],
  ])('runs nothing that was judged under %s', async (_, reads, writes) => {
    await own.ask(parse(reads, 'SELECT 1'), sync())
    await own.ask(close('S', writes), sync())
    await own.ask(parse(writes, WRITE), sync())
    await own.ask(bind(reads), execute(''), sync())
    expect(await stage.runs()).toBe(0)
  })

  it.each([
    ['Parse', [parse('n'.repeat(64), 'SELECT 1')]],
    ['Bind', [parse('', 'SELECT 1'), bind('n'.repeat(64))]],
    ['Bind of a portal', [parse('', 'SELECT 1'), bind('', 'n'.repeat(64))]],
    ['Describe', [describeMessage('S', 'n'.repeat(64))]],
    ['Execute', [execute('n'.repeat(64))]],
    ['Close', [close('P', 'é'.repeat(16))]],
  ] as const)('is refused in %s, and the session goes on', async (_, messages) => {
    expect((await own.ask(...messages, sync())).slice(-2)).toEqual(REFUSED)
    expect(await own.ask(query('SELECT 1'))).toContain('row 1')
  })

  it.each(['n'.repeat(63), 'é'.repeat(15)])('is not %s', async (name) => {
    expect(await own.ask(parse(name, 'SELECT 5'), bind(name, name), execute(name), sync())).toContain('row 5')
    expect(await own.ask(query(`EXECUTE "${name}"`))).toContain('row 5')
  })

  it('in SQL is one that nobody knows, where a server of another encoding may know another', async () => {
    await own.ask(query(`PREPARE "${'é'.repeat(16)}" AS SELECT 5`))
    expect(await own.ask(query(`EXECUTE "${'é'.repeat(16)}"`))).toEqual([expect.stringMatching(/^error 42501 /), 'ready I'])
  })

  it('has run nothing, and leaves nothing behind', async () => {
    own.close()
    expect(await stage.runs()).toBe(0)
    expect(await leftovers(stage)).toEqual([])
  })
})

import { bind as bindMessage, close, execute, flush, parse, query, sync } from '@countersign/wire/postgres/encode'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { entries, leftovers } from './support/aftermath.ts'
import { openStage, type Stage } from './support/stage.ts'
import { RawClient } from './support/wire.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);
@id("writes") @review("dba") @grants("1h") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`
const READ = 'SELECT generate_series(1, 3)'

const bind = (portal = '', statement = '') => bindMessage({ portal, statement, formats: [], values: [], resultFormats: [] })

describe('what became of a portal', () => {
  let stage: Stage
  let own: RawClient
  let session: unknown

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY })
  })

  beforeEach(async () => {
    own = await RawClient.login(stage.gateway.postgres, stage.alice)
    session = (await stage.alice.api.sessions({ live: 'true' })).at(0)?.id
  })

  afterEach(() => own.close())

  afterAll(() => stage?.close())

  /** Of each run of this session what the ledger says, in turn. */
  async function outcomes(): Promise<readonly string[][]> {
    const of = async (type: string) => (await entries(stage, type)).filter((body) => body['session'] === session)
    const [started, finished] = [await of('action.started'), await of('action.finished')]
    return started.map(({ run }) => finished.flatMap((body) => (body['run'] === run ? [`${String(body['result'])} ${String(body['summary'])}`] : [])))
  }

  const SKIPPED = ['failed skipped']

  it.each([
    ['was never executed', [parse('', READ), bind(), sync()], [SKIPPED]],
    ['was replaced before it was executed', [parse('', READ), bind(), bind(), execute(''), sync()], [SKIPPED, ['done SELECT 3']]],
    ['was closed before it was executed', [parse('', READ), bind('p'), close('P', 'p'), sync()], [SKIPPED]],
    ['stood before what failed', [parse('', READ), bind('p'), flush(), parse('', 'SELEC'), execute('p'), sync()], [SKIPPED]],
    ['was read in part', [parse('', READ), bind(), execute('', 1), sync()], [['done suspended', 'done closed']]],
    ['was read in part and closed', [parse('', READ), bind('p'), execute('p', 1), close('P', 'p'), sync()], [['done suspended', 'done closed']]],
    ['is executed again at its end', [parse('', READ), bind(), execute(''), execute(''), execute('', 1), sync()], [['done SELECT 3']]],
    ['can be executed once', [parse('', 'RESET lock_timeout'), bind(), execute(''), execute(''), sync()], [['done RESET']]],
    ['was at its end before what failed', [parse('', READ), bind('p'), execute('p'), parse('', 'SELEC'), execute('p'), sync()], [['done SELECT 3']]],
    ['was read to its end', [parse('', READ), bind(), execute('', 2), execute('', 2), sync()], [['done suspended', 'done SELECT 1']]],
  ] as const)('that %s is written down', async (_, messages, told) => {
    expect((await own.ask(...messages)).at(-1)).toBe('ready I')
    await expect.poll(outcomes).toEqual(told)
  })

  it('that outlives what failed, and is executed then, is written down as what it gave', async () => {
    await own.ask(query('BEGIN'))
    await own.ask(parse('', READ), bind('p'), sync())
    await own.ask(query('SAVEPOINT s'))
    expect((await own.ask(parse('', 'SELEC'), execute('p'), sync())).at(-1)).toBe('ready E')
    await own.ask(query('ROLLBACK TO s'))
    expect(await own.ask(execute('p'), sync())).toContain('complete SELECT 3')
    await expect.poll(outcomes).toEqual([['done BEGIN'], ['done SELECT 3'], ['done SAVEPOINT'], ['done ROLLBACK']])
  })

  it('is written down when its client leaves', async () => {
    await own.ask(query('BEGIN'))
    await own.ask(parse('s', READ), bind('bound', 's'), bind('begun', 's'), execute('begun', 1), sync())
    own.close()
    await expect.poll(outcomes).toEqual([['done BEGIN'], SKIPPED, ['done suspended', 'done closed']])
  })

  it('that is gone is nothing for which a grant that ends would end its session', async () => {
    const { request } = await stage.alice.api.ask({ resource: 'db', scope: 'sql:write', for: '30m' })
    await stage.bob.api.approve({ id: request.id })
    await own.ask(parse('', 'SELECT id FROM orders FOR UPDATE'), bind(), execute('', 1), sync())
    const [grant] = (await stage.alice.api.grants({ live: 'true' })).filter((each) => each.request === request.id)
    await stage.bob.api.revoke({ id: grant?.id ?? 'none' })
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(await own.ask(query('SELECT 1'))).toContain('row 1')
  })

  it('leaves nothing behind', async () => {
    own.close()
    expect(await leftovers(stage)).toEqual([])
  })
})

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { QueryLine } from '@countersign/contract/schemas/query'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entriesOf } from './support/ledger.ts'
import { type Browser, enrol, openBrowser, signIn } from './support/people.ts'
import { openStage, type Stage } from './support/stage.ts'

const POLICY = `
@id("reads") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:session", Action::"sql:read"], resource);
@id("writes") @review("dba") @grants("30m") @expires("10m") permit (principal in Group::"engineering", action == Action::"sql:write", resource);
`

/** The parsed lines of an answer, one at a time. */
class Answer {
  readonly #lines: AsyncGenerator<QueryLine>

  constructor(response: Response) {
    this.#lines = linesOf(response)
  }

  /** Reads to the next line of a kind, and returns it. */
  async next<Kind extends QueryLine['kind']>(kind: Kind): Promise<QueryLine & { readonly kind: Kind }> {
    for (;;) {
      const { done, value } = await this.#lines.next()
      if (done) throw new Error(`the answer ended before there was a ${kind}`)
      if (value.kind === kind) return value as QueryLine & { readonly kind: Kind }
    }
  }

  async rest(): Promise<QueryLine[]> {
    const lines: QueryLine[] = []
    for await (const line of this.#lines) lines.push(line)
    return lines
  }
}

async function* linesOf(response: Response): AsyncGenerator<QueryLine> {
  let left = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    const lines = (left + decoder.decode(chunk, { stream: true })).split('\n')
    left = lines.pop() ?? ''
    for (const line of lines) yield QueryLine.parse(JSON.parse(line))
  }
}

/** What there is under a folder that looks like a token. */
function tokensUnder(folder: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
  return files.filter((path) => statSync(path).isFile() && /cst_[\w-]{20}/.test(readFileSync(path, 'latin1')))
}

describe.each([
  [1, 'scram'],
  [2, 'password'],
])('the query page’s call, with %i process(es) that speak the protocol, and ask for a %s', (workers, auth) => {
  let stage: Stage
  let alice: Browser
  let origin: string

  beforeAll(async () => {
    stage = await openStage({ policy: POLICY, workers, session: { auth } })
    origin = `http://localhost:${new URL(stage.gateway.url).port}`
    alice = openBrowser(origin, origin)
    await enrol(alice, (await stage.gateway.api().invite({ user: 'alice@example.com' })).link)
  }, 60_000)
  afterAll(() => stage?.close())

  const post = (body: object, headers: Record<string, string> = {}, signal?: AbortSignal) =>
    fetch(`${origin}/api/v1/query`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin, cookie: alice.cookie() ?? '', ...headers },
      body: JSON.stringify({ resource: 'db', ...body }),
      ...(signal ? { signal } : {}),
    })
  const ask = async (sql: string, more: object = {}, signal?: AbortSignal) => {
    const response = await post({ sql, ...more }, {}, signal)
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`)
    return new Answer(response)
  }
  const all = async (sql: string, more: object = {}) => (await ask(sql, more)).rest()

  it('answers with the rows of each statement, as text, and null where there is nothing', async () => {
    const lines = await all("SELECT id, status, NULL::text AS nothing, '' AS empty FROM orders WHERE id < 3 ORDER BY id; ; SELECT ARRAY[true] AS flags")
    expect(lines).toEqual([
      {
        kind: 'columns',
        statement: 0,
        columns: [
          { name: 'id', type: 'int4' },
          { name: 'status', type: 'text' },
          { name: 'nothing', type: 'text' },
          { name: 'empty', type: 'text' },
        ],
      },
      {
        kind: 'rows',
        statement: 0,
        rows: [
          ['1', 'new', null, ''],
          ['2', 'new', null, ''],
        ],
      },
      { kind: 'done', statement: 0, tag: 'SELECT 2', rows: 2, more: false, ms: expect.any(Number) },
      { kind: 'columns', statement: 1, columns: [{ name: 'flags', type: '1000' }] },
      { kind: 'rows', statement: 1, rows: [['{t}']] },
      { kind: 'done', statement: 1, tag: 'SELECT 1', rows: 1, more: false, ms: expect.any(Number) },
      { kind: 'end' },
    ])
  })

  it('says what failed and where, and what policy refuses', async () => {
    expect(await all('SELECT id FROM orders WHERE nothere = 1')).toEqual([
      expect.objectContaining({ kind: 'failed', code: '42703', message: 'column "nothere" does not exist', position: 29, request: null }),
      { kind: 'end' },
    ])
    expect(await all('DROP TABLE orders')).toEqual([expect.objectContaining({ kind: 'failed', code: '42501' }), { kind: 'end' }])
  })

  it('shows what a COPY sends, and has nothing to send for one', async () => {
    expect(await all('COPY (SELECT id, status FROM orders WHERE id < 3 ORDER BY id) TO STDOUT')).toMatchObject([
      { kind: 'columns', columns: [{ name: 'COPY', type: 'text' }] },
      { rows: [['1\tnew'], ['2\tnew']] },
      { kind: 'done', tag: 'COPY 2', more: false },
      { kind: 'end' },
    ])
    const answer = await ask('COPY orders FROM STDIN')
    const { request } = await answer.next('notice')
    await stage.bob.api.approve({ id: request ?? '' })
    expect((await answer.rest()).slice(-2)).toMatchObject([{ kind: 'failed', code: '57014' }, { kind: 'end' }])
  })

  it('leaves rows out beyond so many, and beyond so many bytes', async () => {
    const few = await all('SELECT generate_series(1, 100000); SELECT 1', { maxRows: 3 })
    expect(few.filter(({ kind }) => kind === 'rows')).toEqual([
      { kind: 'rows', statement: 0, rows: [['1'], ['2'], ['3']] },
      { kind: 'rows', statement: 1, rows: [['1']] },
    ])
    expect(few.filter(({ kind }) => kind === 'done')).toMatchObject([
      { rows: 100_000, more: true },
      { rows: 1, more: false },
    ])
    const large = await all("SELECT 'small' UNION ALL SELECT repeat('x', 9000000) UNION ALL SELECT 'after'")
    expect(large.slice(1)).toMatchObject([{ rows: [['small']] }, { kind: 'done', rows: 3, more: true }, { kind: 'end' }])
  })

  it('runs a held statement once when somebody else has approved it', async () => {
    const before = await stage.runs()
    const answer = await ask("UPDATE orders SET status = 'paid' WHERE id = 3", { reason: "INC-7: 'paid' \\ twice", ticket: 'INC-7' })
    const { request } = await answer.next('notice')
    const id = request ?? ''
    expect(await stage.bob.api.request({ id })).toMatchObject({ status: 'pending', reason: "INC-7: 'paid' \\ twice", ticket: 'INC-7' })
    await expect(alice.client.approve({ id })).rejects.toMatchObject({ status: 403 })
    await stage.bob.api.approve({ id })
    expect(await answer.rest()).toMatchObject([{ kind: 'notice', request }, { kind: 'done', tag: 'UPDATE 1' }, { kind: 'end' }])
    expect(await stage.runs()).toBe(before + 1)
  })

  it('leaves what is held to be reviewed when the page goes away, and the same text takes it up', async () => {
    const page = new AbortController()
    const sql = "UPDATE orders SET status = 'late' WHERE id = 4"
    const { request } = await (await ask(sql, {}, page.signal)).next('notice')
    page.abort()
    await expect.poll(async () => (await stage.alice.api.sessions()).filter(({ endedAt }) => endedAt === null)).toEqual([])
    const id = request ?? ''
    expect(await stage.bob.api.request({ id })).toMatchObject({ status: 'pending' })
    const again = await ask(sql)
    expect(await again.next('notice')).toMatchObject({ request })
    await alice.client.withdraw({ id })
    expect(await again.rest()).toMatchObject([{ kind: 'failed', request }, { kind: 'end' }])
  })

  it('is for the gateway’s own page and a sign-in, and not for tokens, strangers or other sites', async () => {
    const sql = 'SELECT 1'
    const bearer = await post({ sql }, { cookie: '', authorization: `Bearer ${stage.alice.token}` })
    expect([bearer.status, await bearer.json()]).toEqual([403, expect.objectContaining({ message: expect.stringContaining('connect your own client') })])
    expect((await post({ sql }, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await post({ sql }, { cookie: '' })).status).toBe(401)
    expect((await post({ sql, resource: 'nowhere' })).status).toBe(404)
    expect((await all(sql, { reason: 'é'.repeat(4_000), ticket: 'é'.repeat(200) })).at(-2)).toMatchObject({ tag: 'SELECT 1' })
    expect((await post({ sql, reason: '€'.repeat(4_000) })).status).toBe(422)
    expect((await post({ sql: 'SELECT 1\0' })).status).toBe(422)
    expect((await post({ sql, maxRows: 10_001 })).status).toBe(400)
  })

  it('runs four at once of one sign-in, and they end with it', async () => {
    const running = await Promise.all([1, 2, 3, 4].map((id) => ask(`UPDATE orders SET status = 'never' WHERE id = ${id + 10}`)))
    await Promise.all(running.map((answer) => answer.next('notice')))
    await expect(ask('SELECT 1')).rejects.toThrow('429')
    await alice.client.signOut()
    const ends = await Promise.all(running.map((answer) => answer.rest()))
    expect(ends.map((lines) => lines.map(({ kind }) => kind))).toEqual(ends.map(() => ['failed', 'end']))
    expect((await post({ sql: 'SELECT 1' })).status).toBe(401)
    await expect.poll(async () => (await stage.alice.api.sessions()).filter(({ endedAt }) => endedAt === null)).toEqual([])
    const live = (await stage.erin.api.tokens()).filter(({ name, revokedAt }) => name === 'query page' && revokedAt === null)
    expect(live).toEqual([])
    await signIn(alice)
    expect(await all('SELECT 1')).toContainEqual({ kind: 'end' })
  })

  it('connects with one token for a sign-in and resource, whose secret is nowhere', () => {
    const made = entriesOf(stage.gateway.data).filter(({ type, body }) => type === 'token.created' && body['scope'] !== null)
    expect(made.map(({ body }) => body)).toMatchObject(
      [1, 2].map(() => ({ user: 'alice@example.com', scope: { resources: ['db'], actions: null }, mayReview: false, by: 'alice@example.com' })),
    )
    expect(stage.gateway.log()).not.toMatch(/cst_/)
    expect(tokensUnder(stage.gateway.data)).toEqual([])
  })
})

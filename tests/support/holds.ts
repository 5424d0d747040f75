import { bind, copyData, copyDone, describe as describeMessage, execute, parse, query, sync } from '@countersign/wire/postgres/encode'
import { expect } from 'vitest'
import { openStage, type Stage } from './stage.ts'
import { openTap, type Tap } from './tap.ts'
import { RawClient, tell } from './wire.ts'

/** One way in which a client can send something that is held: a row of the table in docs/request.md. Whatever writes to `orders` is held, and nothing else. */
export interface Way {
  readonly title: string
  /** What was run before it: it begins a transaction with something in it, and a savepoint `here`. */
  readonly before: readonly string[]
  /** All in one write. */
  readonly sent: readonly Uint8Array[]
  /** The messages of `sent` that run something: each reaches the server once, or never. */
  readonly running: readonly Uint8Array[]
  /** How many statements on `orders` there are in it, where they are more than one. */
  readonly statements?: number
  /** All that the client is answered when it runs. */
  readonly answers: readonly string[]
  /** What is in `notes` when it has run, and when not; in a transaction, after ROLLBACK TO and COMMIT. */
  readonly notes: { readonly ran: readonly number[]; readonly refused: readonly number[] }
}

const NOTHING = { ran: [], refused: [] }
const update = (id: number) => `UPDATE orders SET status = 'paid' WHERE id = ${id}`
const note = (n: number) => `INSERT INTO notes VALUES (${n})`
const TRANSACTION = { before: ['BEGIN', note(1), 'SAVEPOINT here'], notes: { ran: [1], refused: [1] } }
const data = (id: number) => [copyData(Buffer.from(`${id}\tnew\n`)), copyDone()]

function bound(portal: string, id?: number): Uint8Array {
  return bind({ portal, statement: '', formats: [], values: id === undefined ? [] : [Buffer.from(`${id}`)], resultFormats: [] })
}
function prepared(portal: string, id: number): Pick<Way, 'sent' | 'running'> {
  const running = [bound(portal, id), execute(portal)]
  const [binding, executing] = running as [Uint8Array, Uint8Array]
  return { running, sent: [parse('', "UPDATE orders SET status = 'paid' WHERE id = $1"), binding, describeMessage('P', portal), executing, sync()] }
}
const PREPARED = ['parseComplete', 'bindComplete', 'noData', 'complete UPDATE 1']
const unnamed = (sql: string) => [parse('', sql), bound(''), execute('')]
const INSERTED = ['parseComplete', 'bindComplete', 'complete INSERT 0 1']

export const WAYS: readonly Way[] = [
  {
    title: 'a Query',
    before: [],
    sent: [query(update(1))],
    running: [query(update(1))],
    answers: ['complete UPDATE 1', 'ready I'],
    notes: NOTHING,
  },
  {
    title: 'a Query of several statements',
    before: [],
    sent: [query(`${note(1)}; ${update(2)}`)],
    running: [query(`${note(1)}; ${update(2)}`)],
    answers: ['complete INSERT 0 1', 'complete UPDATE 1', 'ready I'],
    notes: { ran: [1], refused: [] },
  },
  { title: 'Parse, Bind, Execute and Sync', before: [], ...prepared('held3', 3), answers: [...PREPARED, 'ready I'], notes: NOTHING },
  {
    title: 'one of several Executes before a Sync',
    before: [],
    running: prepared('held4', 4).running,
    sent: [...unnamed(note(1)), ...prepared('held4', 4).sent.slice(0, -1), ...unnamed(note(2)), sync()],
    answers: [...INSERTED, ...PREPARED, ...INSERTED, 'ready I'],
    notes: { ran: [1, 2], refused: [] },
  },
  {
    title: 'several of the Executes before a Sync',
    before: [],
    statements: 2,
    running: [...prepared('held9', 9).running, ...prepared('held10', 10).running],
    sent: [...prepared('held9', 9).sent.slice(0, -1), ...unnamed(note(1)), ...prepared('held10', 10).sent],
    answers: [...PREPARED, ...INSERTED, ...PREPARED, 'ready I'],
    notes: { ran: [1], refused: [] },
  },
  {
    title: 'a Query in a transaction',
    ...TRANSACTION,
    sent: [query(update(5))],
    running: [query(update(5))],
    answers: ['complete UPDATE 1', 'ready T'],
  },
  { title: 'Parse, Bind, Execute and Sync in a transaction', ...TRANSACTION, ...prepared('held6', 6), answers: [...PREPARED, 'ready T'] },
  {
    title: '`COPY … FROM STDIN`',
    before: [],
    sent: [query('COPY orders FROM STDIN'), ...data(101)],
    running: [query('COPY orders FROM STDIN'), data(101)[0] as Uint8Array],
    answers: ['copyInResponse', 'complete COPY 1', 'ready I'],
    notes: NOTHING,
  },
  {
    title: '`COPY … FROM STDIN` by Execute, in a transaction',
    ...TRANSACTION,
    sent: [parse('', 'COPY orders FROM STDIN'), bound('copy8'), execute('copy8'), ...data(102), sync()],
    running: [bound('copy8'), execute('copy8'), data(102)[0] as Uint8Array],
    answers: ['parseComplete', 'bindComplete', 'copyInResponse', 'complete COPY 1', 'ready T'],
  },
]

/** A client whose message waits for somebody. */
export interface Held {
  readonly client: RawClient
  readonly id: string
  /** Everything that it is answered up to ReadyForQuery, but for notices. */
  answers(): Promise<readonly string[]>
}

/** A stage whose target is behind a tap. */
export interface Holds {
  readonly stage: Stage
  /** Sends it as alice, and resolves when it is held. */
  hold(way: Way): Promise<Held>
  /** Sends it as alice, and tells what it is answered without being held. */
  run(way: Way): Promise<{ readonly client: RawClient; readonly answers: readonly string[] }>
  /** It has run so many times: the target counts its statements, and its bytes went there as often and unchanged. */
  ran(way: Way, times: 0 | 1): Promise<void>
  /** `held` was refused with this code, one error and one ReadyForQuery; the session, and its transaction, go on as they would after any error. */
  refused(way: Way, held: Held, code: string): Promise<string>
  /** Ends what is open, and looks at what is left of it. */
  finish(way: Way, client: RawClient, notes: readonly number[]): Promise<void>
  close(): Promise<void>
}

/** `expires` is how long a request waits. */
export async function openHolds(expires = '5m'): Promise<Holds> {
  const opened: { stage?: Stage } = {}
  const tap = await openTap(() => {
    if (!opened.stage) throw new Error('the target is not there yet')
    return opened.stage.target
  })
  const stage = (opened.stage = await openStage({
    policy: policyOf(expires),
    resources: { db: { url: `postgres://${tap.host}:${tap.port}/postgres` } },
    seed: 'CREATE TABLE notes (n int);',
  }))
  let counted = 0
  return {
    stage,
    hold: async (way) => {
      await stage.ask('TRUNCATE notes')
      counted = await stage.runs()
      const client = await send(stage, way)
      const early: string[] = []
      for (let told = await client.told(); ; told = await client.told()) {
        const id = /^notice 00000 held (req-\w+):/.exec(told)?.[1]
        if (id !== undefined) return { client, id, answers: async () => [...early, ...(await answersOf(client))] }
        early.push(told)
        if (told === 'the end' || told.startsWith('ready')) throw new Error(`nothing was held: ${early.join(', ')}`)
      }
    },
    run: async (way) => {
      const client = await send(stage, way)
      return { client, answers: await answersOf(client) }
    },
    ran: async (way, times) => {
      expect((await stage.runs()) - counted).toBe(times * (way.statements ?? 1))
      expect(way.running.map((message) => timesIn(tap, message))).toEqual(way.running.map(() => times))
    },
    refused: async (way, held, code) => {
      const answers = await held.answers()
      const status = way.before.length > 0 ? 'E' : 'I'
      expect(answers.slice(-2)).toEqual([expect.stringMatching(`^error ${code} .*${held.id}`), `ready ${status}`])
      expect(way.answers.slice(0, answers.length - 2)).toEqual(answers.slice(0, -2)) // what came before it, as the server answered it
      return `\`${code}\`, ready \`${status}\``
    },
    finish: async (way, client, notes) => {
      const [status] = (await client.ask(query('SELECT 1'))).slice(-1)
      if (status === 'ready E') expect(await client.ask(query('ROLLBACK TO here'))).toEqual(['complete ROLLBACK', 'ready T'])
      expect(status).toEqual(way.before.length === 0 ? 'ready I' : expect.stringMatching(/^ready [ET]$/))
      if (way.before.length > 0) expect(await client.ask(query('COMMIT'))).toEqual(['complete COMMIT', 'ready I'])
      client.close()
      expect(await stage.ask('SELECT n FROM notes ORDER BY n')).toEqual(notes)
    },
    close: async () => {
      await stage.close()
      tap.close()
    },
  }
}

const policyOf = (expires: string) => `
@id("works") permit (principal in Group::"engineering", action in [Action::"connect", Action::"sql:read", Action::"sql:write"], resource);
@id("held") @review("dba") @expires("${expires}")
forbid (principal, action == Action::"sql:write", resource) when { context.tables.contains("orders") };
`

async function send(stage: Stage, way: Way): Promise<RawClient> {
  const client = await RawClient.login(stage.gateway.postgres, stage.alice)
  for (const text of way.before) await client.ask(query(text))
  client.send(...way.sent)
  return client
}

async function answersOf(client: RawClient): Promise<readonly string[]> {
  return (await client.until(0x5a)).map(tell).filter((each) => !each.startsWith('notice'))
}

function timesIn(tap: Tap, message: Uint8Array): number {
  const all = Buffer.concat(tap.connections.map(({ asked }) => asked()))
  let times = 0
  for (let at = all.indexOf(message); at !== -1; at = all.indexOf(message, at + 1)) times++
  return times
}

import { setTimeout as sleep } from 'node:timers/promises'
import { CliError } from '../error.ts'
import { Alice, type Answer, type Message, messageOf, printAnswer, printMessage } from './alice.ts'
import { countersign } from './commands.ts'
import { RESOURCE } from './files.ts'
import type { DemoGateway } from './gateway.ts'
import type { Lifetime } from './lifetime.ts'
import { ORDERS, type Orders } from './orders.ts'
import type { Teller } from './teller.ts'

/** What a scene needs. */
export interface Stage {
  readonly life: Lifetime
  readonly gateway: DemoGateway
  readonly orders: Orders
  readonly teller: Teller
}

const READ = 'SELECT id, item, total, status FROM orders WHERE id BETWEEN 7 AND 10 ORDER BY id'
const DELETE = 'DELETE FROM orders WHERE id IN (8, 9)'
const UPDATE = "UPDATE orders SET status = 'paid'"
const LATER = "UPDATE orders SET status = 'new' WHERE id = 7"
/** A time-boxed session, as `--for` takes it: two commands run in it, each a process that a busy machine takes seconds to start. */
const BOX = '10s' as const
/** How much later than its end a connection may be cut: a busy machine is no failure of the demo. */
const OVERRUN_MS = 2000
/** What should come at once, and does not. */
const PATIENCE_MS = 30_000

/** Plays the whole story once. Throws when anything is not as it is told. */
export async function play(stage: Stage): Promise<void> {
  const alice = await Alice.connect(stage.life, stage.gateway, 'INC-7 same order placed three times')
  await readsRun(stage, alice)
  await deleteIsHeld(stage, alice)
  await unboundedIsRefused(stage, alice)
  await alice.end()
  await connectionDrops(stage)
  await timeIsUp(stage)
  await ledgerHolds(stage)
}

async function readsRun({ teller, orders }: Stage, alice: Alice): Promise<void> {
  await teller.scene('Alice reads', 'Policy production-reads lets engineers read: no waiting.')
  await teller.types('alice=>', `${READ};`)
  const answer = await alice.run(READ)
  await teller.shows(printAnswer(answer))
  expect(answer.rows.length === 4 && (await orders.count()) === ORDERS, 'her SELECT gives four orders')
  await teller.proves('ran at once', { step: 'read', rows: answer.rows.length })
}

async function deleteIsHeld(stage: Stage, alice: Alice): Promise<void> {
  const { teller, orders } = stage
  await teller.scene('Alice deletes', 'Policy production-writes wants a dba to countersign: the statement waits on the wire.')
  const before = await orders.count()
  await teller.types('alice=>', `${DELETE};`)
  const running = alice.run(DELETE)
  const { id, notice } = await held(alice, running)
  await teller.shows(printMessage(notice), teller.colors.yellow)
  expect((await orders.count()) === before, 'nothing is deleted while it is held')
  await teller.proves(`her client waits; still ${before} orders`, {
    step: 'held',
    request: id,
    message: notice.message,
    detail: notice.detail,
    hint: notice.hint,
  })

  await bobs(stage, ['requests', '--inbox'], id)
  await bobs(stage, ['approve', id, '--comment', 'matches INC-7'], id, lastLine)
  await teller.shows('(unproven: his token was made by the local administrator, not by a login of his own)', teller.colors.dim)
  const answer = await soon(running, 'the approved DELETE runs')
  for (const each of alice.takeNotices()) await teller.shows(printMessage(each), teller.colors.yellow)
  await teller.shows(printAnswer(answer))
  const after = await orders.count()
  expect(answer.rowCount === 2 && after === before - 2, `the DELETE takes two orders, once (it was ${before}, is ${after})`)
  await teller.proves(`ran once: ${before} orders before, ${after} after`, { step: 'approved', request: id, before, after })
}

async function unboundedIsRefused({ teller, orders }: Stage, alice: Alice): Promise<void> {
  await teller.scene('Alice forgets the WHERE', 'Policy no-where-no-way is a plain forbid: nobody can approve it.')
  const paid = await orders.count("status = 'paid'")
  await teller.types('alice=>', `${UPDATE};`)
  const error = await refusalOf(alice.run(UPDATE))
  await teller.shows(printMessage(error), teller.colors.red)
  expect(error.code === '42501' && error.message.includes('no-where-no-way'), 'the UPDATE is refused by no-where-no-way')
  expect((await orders.count("status = 'paid'")) === paid, 'the refused UPDATE changes nothing')
  await teller.proves('refused, nothing changed, and her session goes on', { step: 'refused', code: error.code, message: error.message })
}

async function connectionDrops(stage: Stage): Promise<void> {
  const { teller, orders, life, gateway } = stage
  await teller.scene('The connection drops', 'A request outlives its connection.')
  const first = await Alice.connect(life, gateway, 'INC-7 keep one of them')
  await teller.types('alice=>', `${LATER};`)
  const lost = first.run(LATER)
  const { id, notice } = await held(first, lost)
  await teller.shows(printMessage({ ...notice, detail: null, hint: null }), teller.colors.yellow)
  first.vanish()
  await refusalOf(lost)
  await teller.shows('… her laptop falls asleep, the connection is gone', teller.colors.dim)
  await bobs(stage, ['approve', id, '--comment', 'fine, keep one'], id, lastLine)
  expect((await orders.count("id = 7 AND status = 'new'")) === 0, 'nothing runs for a client that is gone')

  await teller.shows('… she connects again, and runs the same statement', teller.colors.dim)
  const second = await Alice.connect(life, gateway, 'INC-7 keep one of them')
  await teller.types('alice=>', `${LATER};`)
  const answer = await soon(second.run(LATER), 'the approved statement runs without asking twice')
  await teller.shows(printAnswer(answer))
  const asked = second.takeNotices().some(({ message }) => message.includes('held'))
  expect(!asked && answer.rowCount === 1 && (await orders.count("id = 7 AND status = 'new'")) === 1, 'it runs without asking twice')
  await teller.proves('went through without asking twice', { step: 'dropped', request: id, rows: answer.rowCount })
  await second.end()
}

async function timeIsUp({ teller, life, gateway }: Stage): Promise<void> {
  await teller.scene('The time is up', 'A grant ends when it says, whatever the client does.')
  const args = ['request', RESOURCE, '--for', BOX, '--reason', 'a quick look']
  await teller.types('alice$', shellLine(args))
  await teller.shows(await countersign(life, gateway, gateway.alice, args))
  const alice = await Alice.connect(life, gateway, 'a quick look')
  const { endsAt } = await grantOf(gateway, life)
  await teller.types('alice=>', 'SELECT count(*) FROM orders;')
  await teller.shows(printAnswer(await alice.run('SELECT count(*) FROM orders')))
  await teller.shows('… she stays connected', teller.colors.dim)
  const end = await soon(alice.cut, 'the connection is cut')
  const late = Date.now() - endsAt
  await teller.shows(printMessage(end), teller.colors.red)
  expect(end.code === '57P01' && late > -OVERRUN_MS && late < OVERRUN_MS, `the connection is cut at the grant's end (${late} ms after it, ${end.code})`)
  await teller.proves(`cut after ${BOX}`, { step: 'ended', code: end.code, message: end.message, lateMs: late })
}

async function ledgerHolds({ teller, life, gateway }: Stage): Promise<void> {
  await teller.scene('What happened can be proved', 'Every request, review, grant, session and action is an entry in a hash chain.')
  const args = ['ledger', 'verify', '--data', gateway.data]
  await teller.types('$', shellLine(args))
  const said = await countersign(life, gateway, gateway.bob, args)
  await teller.shows(said)
  const entries = Number(/: (\d+) entries verified/.exec(said)?.[1] ?? 0)
  expect(entries > 0, 'the ledger is verified')
  await teller.proves('nothing altered, removed or moved', { step: 'ledger', entries })
}

/** Bob runs a command, whose answer must name the request. `part` is what of it is shown. */
async function bobs({ teller, life, gateway }: Stage, args: readonly string[], id: string, part = (said: string) => said): Promise<void> {
  await teller.types('bob$', shellLine(args))
  const said = (await countersign(life, gateway, gateway.bob, args)).trimEnd()
  expect(said.includes(id), `Bob sees ${id}`)
  await teller.shows(part(said))
}

/** `approve` shows the whole request again first, and here the inbox has just shown it. */
const lastLine = (said: string) => said.slice(said.lastIndexOf('\n') + 1)

async function held(alice: Alice, running: Promise<Answer>): Promise<{ readonly id: string; readonly notice: Message }> {
  const notice = await soon(alice.nextNotice(running), 'the statement is held')
  const id = /^held (req-\w+):/.exec(notice.message)?.[1]
  if (id === undefined) throw failed(`the statement is held (instead: ${notice.message})`)
  return { id, notice }
}

async function grantOf(gateway: DemoGateway, life: Lifetime): Promise<{ readonly endsAt: number }> {
  const grants = JSON.parse(await countersign(life, gateway, gateway.alice, ['grants', '--json'])) as {
    readonly endsAt: string
    readonly session: string | null
  }[]
  const asked = grants.find(({ session }) => session === null)
  if (!asked) throw failed('Alice has the grant that she asked for')
  return { endsAt: Date.parse(asked.endsAt) }
}

async function refusalOf(running: Promise<Answer>): Promise<Message> {
  return running.then(
    ({ command, rowCount }) => {
      throw failed(`the statement does not run (it did: ${command} ${rowCount})`)
    },
    (error: unknown) => {
      if (error instanceof Error) return messageOf(error)
      throw error
    },
  )
}

/** A story that hangs says where. */
async function soon<T>(work: Promise<T>, what: string): Promise<T> {
  const bored = new AbortController()
  const late = sleep(PATIENCE_MS, undefined, { signal: bored.signal }).then(() => Promise.reject(failed(`${what} within ${PATIENCE_MS / 1000} s`)))
  late.catch(() => undefined) // aborted: the work was done
  return Promise.race([work, late]).finally(() => bored.abort())
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw failed(what)
}

const failed = (what: string) =>
  new CliError('failed', `the demo expects that ${what}, and that did not happen`, 'this is a bug: please report it, with what stands above')

const shellLine = (args: readonly string[]) => ['countersign', ...args.map((arg) => (/^[\w./:@-]+$/.test(arg) ? arg : `"${arg}"`))].join(' ')

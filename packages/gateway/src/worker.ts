import type { Socket } from 'node:net'
import pino, { type Logger } from 'pino'
import manifest from '../package.json' with { type: 'json' }
import { Cut } from './adapters/adapter.ts'
import type { CancelKey } from './adapters/postgres/cancels.ts'
import { Admins } from './adapters/postgres/accounts/admin.ts'
import { RoleKeeper } from './adapters/postgres/accounts/keeper.ts'
import { Catalogs } from './adapters/postgres/catalog/catalogs.ts'
import { loadGrammar } from './adapters/postgres/classify.ts'
import { systemClock } from './clock.ts'
import { Directory } from './identity/directory.ts'
import { Tokens } from './identity/tokens.ts'
import { openJournal } from './journal/open.ts'
import { openOwed } from './journal/owed.ts'
import { storing } from './journal/storing.ts'
import { recordLost } from './journal/unfinished.ts'
import { Leases } from './leases/leases.ts'
import { Metrics } from './metrics.ts'
import { loadCertificate } from './net/certificate.ts'
import { targetOf } from './net/dial.ts'
import { PolicyError } from './policy/error.ts'
import { GivenPolicies } from './policy/given.ts'
import type { PolicyFile } from './policy/load.ts'
import { openProtocols, type Protocols, resourceOf } from './protocols.ts'
import { StoreHealth } from './session/health.ts'
import { Housekeeping } from './session/housekeeping.ts'
import { Registry } from './session/registry.ts'
import { type RemoteStore, remoteStore } from './store/remote/client.ts'
import { databaseShape, keyShape, keysShape, type Report, REPORT_EVERY_MS, type Start } from './workers/messages.ts'
import { Peer } from './workers/peer.ts'
import type { Context } from './workflow/context.ts'

/*
 * A protocol worker: a process of its own that the gateway (main.ts) starts, hands connections to, and answers for the
 * store. What policy allows by itself never leaves this process: it has its own policies and its own journal.
 */

/** How long its clients may take to hear that the gateway is gone. */
const ORPHAN_MS = 2_000

/** What a started worker can be told. */
interface Worker {
  serve(socket: Socket): void
  readonly answers: ReadonlyMap<string, (args: readonly unknown[]) => unknown>
  /** The gateway is gone: nobody is let live whom it could have revoked. */
  orphaned(): Promise<void>
}

/** Wires the parts, as main.ts does for a gateway of one process. */
async function openWorker({ config, number, policies: files }: Start, parent: Peer, store: RemoteStore, log: Logger): Promise<Worker> {
  const onError = (error: unknown) => log.error({ err: error }, 'something went wrong beside a connection')
  const clock = systemClock
  await loadGrammar()
  const identity = await loadCertificate(config)
  const policies = new GivenPolicies(config, files)
  const onBroken = (why: string) => log.fatal({ why }, 'the ledger of this worker cannot be written: every action is refused')
  const local = await openJournal({ directory: config.data, worker: number, clock: () => clock.now(), onBroken })
  const directory = new Directory(config, store, () => clock.now(), onError)
  await directory.start()
  const registry = new Registry(store, onError)
  const lost = (what: string) => registry.cutAll(new Cut('store', `the gateway has lost its ${what}, and cannot know what was revoked`))
  const health = new StoreHealth([store, directory], clock, () => lost('store'))
  const metrics = new Metrics(
    () => registry.size,
    () => health.silence !== null,
    () => local.broken !== null,
  )
  const journal = metrics.counting(storing(local, () => parent.ask('stored', [])))
  const catalogs = new Catalogs((database) => parent.ask('names', [database]))
  const admins = new Admins((name) => targetOf(config, resourceOf(config, name), null))
  const tokens = new Tokens(directory, store.tokens, () => clock.now())
  const plan = () => Promise.reject(new Error('a worker plans nothing: what is asked ahead is asked of its gateway'))
  const owed = await openOwed({ store: store.owed, journal, directory: config.data, onError })
  const context: Context = { config, directory, store, journal, owed, clock, policy: () => policies.engine, plan }
  const told = await recordLost(config.data, journal, await store.sessions.list({ live: true, gateway: journal.gateway }))
  await journal.append({ type: 'gateway.started', body: { version: manifest.version, policy: policies.engine.version } }, 'disk')
  const services = { context, tokens, registry, health, onError }
  const leases = new Leases(services, new RoleKeeper(admins))
  const housekeeping = new Housekeeping(services, 'worker')
  await housekeeping.start(told)
  leases.start()
  health.start()
  const cancelElsewhere = async ({ processId, secretKey }: CancelKey) =>
    void (await parent.ask('cancel', [processId, Buffer.from(secretKey).toString('base64')]))
  const protocols = openProtocols(services, { identity, catalogs, admins, leases, log, cancelElsewhere })
  const report = (): Report => ({ seq: local.seq, broken: local.broken, silence: health.silence })
  const reporting = setInterval(() => void parent.ask('report', [report()]).catch(() => undefined), REPORT_EVERY_MS)

  const close = async () => {
    await protocols.stop()
    clearInterval(reporting)
    housekeeping.stop()
    leases.stop()
    health.stop()
    registry.close()
    directory.close()
    await owed.stop()
    await journal.append({ type: 'gateway.stopped', body: { version: manifest.version } }, 'disk').catch(onError)
    catalogs.close()
    admins.close()
    await local.close()
  }
  return {
    serve: (socket) => protocols.accept(socket),
    answers: new Map<string, (args: readonly unknown[]) => unknown>([
      ['prepare', ([given]) => problemsOf(() => policies.prepare(given as readonly PolicyFile[]))],
      ['use', ([version]) => policies.use(String(version))],
      ['sync', () => local.sync()],
      ['fail', ([why]) => local.fail(String(why))],
      ['forget', ([keys]) => local.forget(keysShape.parse(keys))],
      ['metrics', () => metrics.values()],
      ['cancel', (args) => cancelHere(args, protocols)],
      ['names', (args) => catalogs.drop(databaseShape.parse(args)[0])],
      ['stop', close],
    ]),
    orphaned: async () => {
      lost('parent')
      setTimeout(() => process.exit(1), ORPHAN_MS)
      await close().catch(onError)
    },
  }
}

function cancelHere(args: readonly unknown[], protocols: Protocols): boolean {
  const [processId, secretKey] = keyShape.parse(args)
  return protocols.cancel({ processId, secretKey: Buffer.from(secretKey, 'base64') })
}

/** What the gateway is told of policies that do not load: where, and why. */
async function problemsOf(load: () => Promise<void>) {
  try {
    await load()
    return []
  } catch (error) {
    if (error instanceof PolicyError) return error.problems
    throw error
  }
}

/** Told to stop it has ended already; else the gateway died. */
async function end(worker: Worker | null, stopped: boolean): Promise<never> {
  if (!stopped) await worker?.orphaned()
  process.exit(stopped ? 0 : 1)
}

/** Waits for the gateway's word; ends when it says so, or when it is gone. */
function main(): void {
  if (!process.send) throw new Error('this is a part of the gateway, which starts it by itself; run `countersign start`')
  const number = Number(process.argv[2])
  const log = pino({ base: { worker: number }, redact: ['token', 'password', '*.token', '*.password'] }, pino.destination({ sync: true }))
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => undefined) // the gateway says when, and not the terminal
  let worker: Worker | null = null
  let stopped = false
  const answers = new Map<string, (args: readonly unknown[]) => unknown>([
    ['changed', ([event]) => store.heard(event)],
    ['start', async ([start]) => void (worker = await openWorker(start as Start, parent, store, log))],
  ])
  for (const call of ['prepare', 'use', 'sync', 'fail', 'forget', 'metrics', 'cancel', 'names', 'stop']) {
    answers.set(call, async (args) => {
      const answer = await worker?.answers.get(call)?.(args)
      stopped ||= call === 'stop'
      return answer
    })
  }
  const channel = { send: (message: unknown) => void process.send?.(message, undefined, undefined, () => undefined), close: () => process.disconnect?.() }
  const parent: Peer = new Peer(channel, answers, (why) => log.fatal({ why }, 'the gateway said what no gateway says'))
  const store = remoteStore((call, args) => parent.ask(call, args))
  process.on('message', (message, handle) => {
    if (handle === undefined) parent.received(message)
    else if (worker && handle instanceof Object && 'remoteAddress' in handle) worker.serve(handle as Socket)
  })
  process.on('disconnect', () => {
    parent.lost('the parent process of this gateway is gone')
    void end(worker, stopped)
  })
}

main()

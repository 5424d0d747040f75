import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import pino, { type Logger } from 'pino'
import manifest from '../package.json' with { type: 'json' }
import { Cut } from './adapters/adapter.ts'
import { Admins } from './adapters/postgres/accounts/admin.ts'
import { RoleKeeper } from './adapters/postgres/accounts/keeper.ts'
import { Catalogs } from './adapters/postgres/catalog/catalogs.ts'
import { loadGrammar } from './adapters/postgres/classify.ts'
import { planAction, statementsThere } from './adapters/postgres/plan.ts'
import { Console, CONSOLE_FOLDER } from './api/console.ts'
import { serveAdminSocket, serveApi } from './api/listen.ts'
import { LoginCookie } from './api/cookie.ts'
import { createApi } from './api/server.ts'
import { checkAll, checkResource } from './checks.ts'
import type { Config } from './config/config.ts'
import { loadConfig } from './config/load.ts'
import { systemClock } from './clock.ts'
import { Erasures } from './erasure/erasures.ts'
import { type Caller, scopeOf, seesAll } from './identity/caller.ts'
import { Desk } from './identity/desk.ts'
import { Devices } from './identity/devices.ts'
import { Directory } from './identity/directory.ts'
import { Leaving } from './identity/leaving.ts'
import { Forgetting } from './identity/forgetting.ts'
import { Logins } from './identity/logins.ts'
import { RefreshTokens } from './identity/oidc/refresh-tokens.ts'
import { Refresher } from './identity/oidc/refresher.ts'
import { OidcSignIn } from './identity/oidc/sign-in.ts'
import { People } from './identity/people.ts'
import { Tokens } from './identity/tokens.ts'
import { drainInto } from './journal/drain.ts'
import type { Event } from './journal/journal.ts'
import { openJournal } from './journal/open.ts'
import { openOwed } from './journal/owed.ts'
import { storing } from './journal/storing.ts'
import { recordLost } from './journal/unfinished.ts'
import { Overviews } from './evidence/overview.ts'
import { EntriesAside } from './evidence/aside.ts'
import { makeReport } from './evidence/report.ts'
import { startExports } from './export/exports.ts'
import { Pages } from './export/pages.ts'
import { LedgerSearch } from './export/search.ts'
import { Leases } from './leases/leases.ts'
import { rotateSigningKey } from './ledger/rotation.ts'
import { nameOf, openSigningKey } from './ledger/signer.ts'
import { Sequencing, troubleOf } from './ledger/sequencing.ts'
import { SigningKey } from './ledger/signing-key.ts'
import { vouch } from './ledger/vouching.ts'
import { Metrics } from './metrics.ts'
import { loadCertificate } from './net/certificate.ts'
import { targetOf } from './net/dial.ts'
import { isLoopback, listen } from './net/listen.ts'
import { NotificationDesk } from './notify/desk.ts'
import { type Notifications, openChannels, startNotifications } from './notify/notifications.ts'
import { openPushKey } from './notify/push/vapid.ts'
import { openChallengeKey } from './passkeys/challenges.ts'
import { LeftPasskeys } from './passkeys/left-passkeys.ts'
import { OpenInvites } from './passkeys/open-invites.ts'
import { openPasskeys } from './passkeys/open.ts'
import { checkPolicies, describeFinding } from './policy/check.ts'
import { summarise } from './policy/describe.ts'
import { openPolicies, type PolicyHolder } from './policy/reload.ts'
import { openProtocols, resourceOf } from './protocols.ts'
import { makeReceipt } from './receipts/receipt.ts'
import { runsOf } from './receipts/runs.ts'
import { connectMs } from './session/gate.ts'
import { StoreHealth } from './session/health.ts'
import { Housekeeping } from './session/housekeeping.ts'
import { Queries } from './query/queries.ts'
import { QueryTokens } from './query/tokens.ts'
import { openRecordings } from './recordings/open.ts'
import { openScim } from './scim/open.ts'
import { Registry } from './session/registry.ts'
import { openStore } from './store/open.ts'
import type { Store } from './store/store.ts'
import { WorkerPool } from './workers/pool.ts'
import { settleRetired } from './workers/retired.ts'
import type { Context } from './workflow/context.ts'
import { WorkflowService } from './workflow/service.ts'
import { WorkflowError } from './workflow/workflow.ts'

const USAGE = `usage: gateway start --config FILE [--data DIR]
       gateway admin --config FILE [--data DIR]          only the local administrator's socket
       gateway policy-check --config FILE [--json]`

/** Everything that one gateway process opens; `close` undoes it in reverse. */
interface Gateway {
  readonly http: string | null
  readonly postgres: string | null
  close(): Promise<void>
}

/** Wires the parts. `listening` false opens nothing but the local administrator's socket. */
async function openGateway(config: Config, log: Logger, listening: boolean): Promise<Gateway> {
  const opened: (() => Promise<void> | void)[] = []
  const close = async () => {
    for (const undo of opened.toReversed()) await undo()
  }
  try {
    return { ...(await wire(config, log, listening, (undo) => opened.push(undo))), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function wire(configured: Config, log: Logger, listening: boolean, onClose: (undo: () => Promise<void> | void) => void): Promise<Omit<Gateway, 'close'>> {
  const onError = (error: unknown) => log.error({ err: error }, 'something went wrong beside a connection')
  const clock = systemClock
  const config = { ...configured }
  await mkdir(config.data, { recursive: true, mode: 0o700 })
  await loadGrammar()
  const identity = await loadCertificate(config)
  let workers: WorkerPool | null = null
  let telling: Notifications | null = null
  const policies = openPolicies(config, { agree: (files) => workers?.prepare(files) ?? Promise.resolve([]) })
  policies.onChange((change) => change.kind === 'loaded' && workers?.use(change.version))
  onClose(() => policies.close())

  const store = await openStore(config).catch(at(config, 'store'))
  onClose(() => store.close())
  const localJournal = await openJournal({
    directory: config.data,
    clock: () => clock.now(),
    onBroken: (why) => {
      log.fatal({ why }, 'the ledger cannot be written: every action is refused')
      telling?.wrong('unwritable', localJournal.gateway)
    },
  })
  onClose(() => localJournal.close())
  const signingKey = new SigningKey(await openSigningKey(config.data, localJournal))
  log.info({ gateway: localJournal.gateway, key: nameOf(signingKey) }, 'the key that this gateway signs its ledger with')
  const onRan = (requests: readonly string[]) => store.runs.announce(requests)
  const drain = drainInto(config, localJournal, signingKey, { onTrouble: (error) => log.warn({ err: error }, 'ledger entries wait for the store'), onRan })
  onClose(() => drain.stop())

  const sequencing = new Sequencing(config, { gateway: localJournal.gateway, signer: signingKey, log, onWrong: (what, name) => telling?.wrong(what, name) })
  onClose(() => sequencing.stop())

  const directory = new Directory(config, store, () => clock.now(), onError)
  await directory.start()
  onClose(() => directory.close())
  const health = new StoreHealth([store, directory], clock, () =>
    registry.cutAll(new Cut('store', 'the gateway has lost its store, and cannot know what was revoked')),
  )
  const registry = new Registry(store, onError)
  onClose(() => registry.close())
  const metrics = new Metrics(
    () => registry.size,
    () => health.silence !== null,
    () => localJournal.broken !== null,
  )
  metrics.tree(() => sequencing.status)
  const journal = metrics.counting(storing(localJournal, () => drain.flush()))
  const catalogs = new Catalogs()
  const stopping = new AbortController()
  onClose(() => stopping.abort())
  const admins = new Admins((name) => targetOf(config, resourceOf(config, name), null))
  onClose(() => catalogs.close())
  onClose(() => admins.close())
  const tokens = new Tokens(directory, store.tokens, () => clock.now())
  const owed = await openOwed({ store: store.owed, journal, directory: config.data, onError })
  onClose(() => owed.stop())
  const context: Context = {
    config,
    directory,
    store,
    journal,
    owed,
    clock,
    policy: () => policies.engine,
    plan: (resource, text) => plan(config, catalogs, resource, text),
  }
  const desk = new Desk(tokens, store.tokens, context, Object.keys(config.resources))
  const logins = new Logins({ directory, store: store.logins, journal, clock, config })
  const kept = { store, journal, clock }
  const leaving = new Leaving({ context, desk, logins, invites: new OpenInvites(kept), passkeys: new LeftPasskeys(kept) })
  const keys = openPasskeys({ store, directory, leaving, journal, clock, config, challengeKey: await openChallengeKey(store.challenges) })
  const workflow = new WorkflowService(context, keys.proofs)
  const told = await recordLost(config.data, journal, await store.sessions.list({ live: true, gateway: journal.gateway }))
  await recordStart(context, policies, store, log)
  onClose(async () => void (await journal.append({ type: 'gateway.stopped', body: { version: manifest.version } }, 'disk').catch(onError)))
  health.start()
  onClose(() => health.stop())
  const leases = new Leases({ context, registry, onError }, new RoleKeeper(admins))
  const recordings = await openRecordings({ config, store, journal, local: localJournal, clock, log }, listening)
  onClose(() => recordings?.close())
  const housekeeping = new Housekeeping({ context, registry, health, onError }, 'gateway', (gateway) => leases.takeOver(gateway))
  if (listening) await housekeeping.start(told)
  onClose(() => housekeeping.stop())
  if (listening) leases.start()
  onClose(() => leases.stop())

  const forget = async (keys: readonly string[]) => {
    localJournal.forget(keys)
    await workers?.forget(keys)
  }
  const refreshTokens = new RefreshTokens(config.data)
  const erasures = new Erasures({ context: { ...context, store }, directory: config.data, forget, refreshTokens, onError })
  if (listening) await erasures.start()
  onClose(() => erasures.stop())

  const pushKey = config.notify.push === null ? null : await openPushKey(store.notifications)
  const channels = openChannels(config, store, pushKey, clock)
  const queryTokens = new QueryTokens({ desk, store, now: () => clock.now(), maxMs: config.session.maxMs, onError })
  onClose(() => queryTokens.close())
  const forgetting = new Forgetting({ store, clock, onError })
  if (listening) forgetting.start()
  onClose(() => forgetting.stop())
  const scim = openScim({ config, store, directory, journal, clock, leaving, log })
  if (listening) await scim?.settle()
  const people = new People({ store: store.people, journal, clock })
  const signIn = new OidcSignIn({ config, directory, people, logins, leaving, tokens: refreshTokens, clock, log })
  const refresher = new Refresher({ config, store, signIn, people, logins, tokens: refreshTokens, clock, log })
  if (listening) refresher.start()
  onClose(() => refresher.stop())

  const entries = new EntriesAside(config)
  onClose(() => entries.close())

  const addresses = { http: config.listen.http, postgres: config.listen.postgres }
  const app = createApi({
    config,
    directory,
    gateway: { id: journal.gateway, version: manifest.version, certificate: identity.certificate },
    addresses: () => addresses,
    workflow,
    ...keys,
    tokens: desk,
    devices: new Devices({ store: store.devices, desk, journal, now: () => clock.now() }),
    scim: scim?.door ?? null,
    logins,
    oidc: signIn,
    cookie: new LoginCookie(config),
    store,
    erasures,
    pages: new Pages(store, manifest.version),
    search: new LedgerSearch(store),
    overviews: new Overviews({ config, store, users: () => directory.users(), policy: () => policies.engine, now: () => clock.now() }),
    ledgerTrouble: () => troubleOf(sequencing.status),
    report: (period) =>
      makeReport({ config, users: () => directory.users(), entries: (of) => entries.read(of), policy: () => policies.engine, now: () => clock.now() }, period),
    notifications: new NotificationDesk({ config, store: store.notifications, users: directory, clock, key: pushKey, channels }),
    recordings: recordings?.library ?? null,
    queries: new Queries({
      tokens: queryTokens,
      address: () => addresses.postgres,
      certificate: identity.certificate,
      resources: Object.keys(config.resources),
    }),
    policy: () => policies.engine,
    policies: () => ({ version: policies.engine.version, files: textsOf(policies.files), loadedAt: policies.loadedAt, refused: policies.refused }),
    resourceNames: () => Object.keys(config.resources),
    classify: async (resource, text) => statementsThere(targetOf(config, resourceOf(config, resource), null), catalogs, text),
    resources: async (caller) => resourcesFor(config, policies, caller),
    checkResource: async (name) => checkResource(config, resourceOf(config, name), stopping.signal),
    vouch: (by, wish) => vouch(store.tree, journal, wish, by.principal),
    runs: (request) => runsOf({ store, data: config.data, now: () => clock.now() }, request),
    receipt: (request) => makeReceipt({ store, data: config.data, now: () => clock.now() }, request),
    rotateSigningKey: () => rotateSigningKey({ config, journal: localJournal, key: signingKey, drains: () => [drain, ...(workers?.drains ?? [])] }),
    console: await Console.read(CONSOLE_FOLDER),
    readiness: async () => readiness(health, localJournal.broken, workers),
    metrics: async () => metrics.text((await workers?.metrics()) ?? []),
    log,
  })
  const socket = await serveAdminSocket({ app, path: join(config.data, 'admin.sock') })
  onClose(() => socket.close())
  if (!listening) return { http: null, postgres: null }

  const http = await serveApi({
    app,
    address: config.listen.http,
    ...(isLoopback(config.listen.http.host) ? {} : { tls: { cert: identity.certificate, key: identity.key } }),
  }).catch(at(config, 'listen.http'))
  onClose(() => http.close())
  addresses.http = http.address
  if (config.listen.http.port === 0) config.url = `http://${http.address.host}:${http.address.port}` // the port was not known before

  await settleRetired(config, journal.gateway, signingKey, store, housekeeping, onError)
  recordings?.start()
  if (config.workers > 1)
    workers = new WorkerPool({ config, store, gateway: journal.gateway, signingKey, policies, log, namesChanged: (database) => catalogs.drop(database) })
  const serving =
    workers ?? openProtocols({ context, tokens, registry, health, onError }, { identity, catalogs, admins, leases, log, cancelElsewhere: nobodyElse })
  onClose(() => serving.stop())
  await workers?.start()
  sequencing.start()
  const postgres = await listen(config.listen.postgres, (socket) => serving.accept(socket), workers !== null).catch(at(config, 'listen.postgres'))
  onClose(() => postgres.close())
  addresses.postgres = postgres.address
  const exports = startExports({ config, store, gateway: { id: journal.gateway, version: manifest.version }, clock, log })
  onClose(() => exports.stop())
  metrics.exports(() => exports.statuses())
  telling = startNotifications({ config, store, users: directory, channels, gateway: journal.gateway, clock, log, onOutcome: metrics.notifications() })
  onClose(() => telling?.stop())
  void checkAll(config, log, stopping.signal)
  return { http: `${http.address.host}:${http.address.port}`, postgres: `${postgres.address.host}:${postgres.address.port}` }
}

/** Says which key of which file is to blame. */
const at =
  ({ file }: Config, key: string) =>
  (cause: unknown): never => {
    throw new Error(`${file}: ${key}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }

async function recordStart({ journal }: Context, policies: PolicyHolder, store: Pick<Store, 'policies'>, log: Logger): Promise<void> {
  await keepPolicies(store, policies)
  await journal.append({ type: 'gateway.started', body: { version: manifest.version, policy: policies.engine.version } }, 'disk')
  policies.onChange((change) => {
    if (change.kind === 'loaded') log.info({ version: change.version }, 'policies reloaded')
    else log.error({ problems: change.problems }, 'the new policies are broken; the last good ones stay in force')
    const event: Event =
      change.kind === 'loaded'
        ? { type: 'policy.loaded', body: { policy: change.version } }
        : { type: 'policy.rejected', body: { problems: change.problems.length } }
    journal.append(event, 'disk').catch((error: unknown) => log.error({ err: error }, 'a policy change could not be recorded'))
    if (change.kind === 'loaded')
      keepPolicies(store, policies).catch((error: unknown) =>
        log.warn({ err: error }, 'the text of the new policies could not be kept: receipts will not have it'),
      )
  })
}

/** A receipt shows by which text somebody was judged, long after it has changed. */
const keepPolicies = ({ policies: kept }: Pick<Store, 'policies'>, { engine, files }: PolicyHolder): Promise<void> => kept.keep(engine.version, textsOf(files))

const textsOf = (files: PolicyHolder['files']) => files.map(({ file, text }) => ({ name: basename(file), text }))

/** A gateway of one process gave out every key that there is. */
const nobodyElse = () => Promise.resolve()

async function plan(config: Config, catalogs: Catalogs, name: string, text: string) {
  try {
    return await planAction(targetOf(config, resourceOf(config, name), null), catalogs, text)
  } catch (error) {
    if (error instanceof WorkflowError) throw error
    throw new WorkflowError('unavailable', error instanceof Error ? error.message : String(error))
  }
}

/** What the caller may reach; an admin and an auditor see what is there. */
function resourcesFor(config: Config, policies: PolicyHolder, caller: Caller) {
  const asker = { principal: caller.principal, scope: scopeOf(caller) }
  const views = Object.values(config.resources).map((resource) => ({
    resource,
    summary: summarise(policies.engine, asker, resource.name),
    sessionMs: connectMs(policies.engine, asker, resource.name, config.session.maxMs),
  }))
  return views.filter(({ summary }) => seesAll(caller) || summary.connect !== 'never')
}

function readiness(health: StoreHealth, broken: string | null, workers: WorkerPool | null) {
  const checks = { store: health.silence ?? 'ok', ledger: broken ?? 'ok', ...(workers && { workers: workers.trouble ?? 'ok' }) }
  return { ready: Object.values(checks).every((check) => check === 'ok'), checks }
}

/** Runs until it is told to stop. `ready` on standard output is one line of JSON that says where it listens. */
async function run(config: Config, listening: boolean): Promise<void> {
  const log = pino({ base: null, redact: ['token', 'password', '*.token', '*.password', 'req.headers.authorization'] }, pino.destination({ sync: true }))
  const stopped = Promise.withResolvers<string>()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopped.resolve(name))
  const gateway = await openGateway(config, log, listening)
  log.info({ ready: true, http: gateway.http, postgres: gateway.postgres, url: config.url, data: config.data }, 'ready')
  log.info({ signal: await stopped.promise }, 'stopping')
  await gateway.close()
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { config: { type: 'string' }, data: { type: 'string' }, json: { type: 'boolean' } },
  })
  const [mode] = positionals
  const { config: file } = values
  if (file === undefined || !['start', 'admin', 'policy-check'].includes(mode ?? '')) {
    process.stderr.write(`${USAGE}\n`)
    process.exitCode = 2
    return
  }
  if (mode === 'policy-check') return policyCheck(file, values.json === true)
  if (!existsSync(file)) throw new Error(`there is no configuration at ${file}`)
  const config = loadConfig(file)
  await run(values.data === undefined ? config : { ...config, data: values.data }, mode === 'start')
}

function policyCheck(file: string, json: boolean): void {
  const { ok, problems } = checkPolicies(file)
  if (json) process.stdout.write(`${JSON.stringify({ ok, problems })}\n`)
  else for (const problem of problems) process.stdout.write(`${describeFinding(problem)}\n`)
  process.exitCode = ok ? 0 : 1
}

main().catch((error: unknown) => {
  process.stderr.write(`countersign: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})

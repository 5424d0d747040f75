import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Random } from '../differential/random.ts'
import { type GatewayOptions, type GatewayProcess, startGateway } from '../gateway.ts'
import type { PostgresServer } from '../postgres.ts'
import { discrepancies, NO_TALLY, type Tally } from './account.ts'
import { LedgerSoFar } from './ledger.ts'
import { numberOf } from './numbers.ts'
import { ALICE, BOB, clientOf, type Known, load, POLICY, type Tokens } from './load.ts'
import { treeProblems } from './tree.ts'

export interface LaneOptions {
  readonly server: PostgresServer
  /** A database of this name is made on the server for it. */
  readonly name: string
  readonly random: Random
  readonly store?: GatewayOptions['store']
  readonly env?: Readonly<Record<string, string>>
  /** Where its data directory is; a temporary folder without it. */
  readonly data?: string
  /** The gateway's own file. */
  readonly program: string
}

/** What happens to a gateway under load, beside its end. */
export interface Disturbance {
  /** Called when the load has begun; the gateway is killed when it resolves. */
  readonly during?: (gateway: GatewayProcess) => Promise<void>
  /** Called when everything has ended, before the gateway is started again. */
  readonly after?: () => Promise<void> | void
}

const LATEST_KILL_MS = 300
/** The share of rounds in which it may die while its clients still connect. */
const EARLY = 0.1
/** A machine that is so busy that nothing was written by then is killed in that. */
const AT_WORK_MS = 15_000
/** The share of starts that are cut short too. */
const STARTS_KILLED = 0.1
const BACKENDS = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"

/** One gateway that is killed again and again, with a database behind it whose table says what ran. */
export class Lane {
  readonly #options: LaneOptions
  readonly #direct: pg.Pool
  readonly #ledger: LedgerSoFar
  readonly data: string
  #gateway: GatewayProcess | null = null
  #round = 0
  #tokens: Tokens | null = null
  readonly tally: Tally = { ...NO_TALLY }

  private constructor(options: LaneOptions, direct: pg.Pool) {
    this.#options = options
    this.#direct = direct
    this.data = options.data ?? mkdtempSync(join(tmpdir(), 'countersign-killed-'))
    this.#ledger = new LedgerSoFar(this.data)
  }

  static async open(options: LaneOptions): Promise<Lane> {
    const { server, name } = options
    const setup = new pg.Client(server.url('postgres'))
    await setup.connect()
    await setup.query(`CREATE DATABASE "${name}"`)
    await setup.end()
    const direct = new pg.Pool({ connectionString: server.url(name), max: 1 })
    direct.on('error', () => undefined) // the server may stop before it has hung up
    await direct.query('CREATE TABLE ran (number bigint)')
    return new Lane(options, direct)
  }

  async close(): Promise<void> {
    await this.#gateway?.stop()
    await this.#direct.end()
    if (this.#options.data === undefined) rmSync(this.data, { recursive: true, force: true })
  }

  /** Of the ledger: its entries, and the runs whose outcome it does not know. */
  get recorded(): { readonly entries: number; readonly unknown: number } {
    const { entries, unknown } = this.#ledger
    return { entries, unknown }
  }

  /**
   * Has the gateway work a little, and end as it should: what was compiled for that is then in the cache of compiled code (NODE_COMPILE_CACHE), and need not be at each start.
   * A gateway that is killed leaves nothing there.
   */
  async warmUp(): Promise<void> {
    await this.round({ during: (gateway) => gateway.stop().then(() => undefined) })
    this.tally.kills -= 1
  }

  /** Has the gateway work, kills it, starts it again, and resolves to everything that does not fit together then. */
  async round({ during, after }: Disturbance = {}): Promise<readonly string[]> {
    this.#round += 1
    const { random } = this.#options
    const gateway = await this.#running()
    this.#tokens ??= await patiently(async () => ({ alice: await gateway.token(ALICE), bob: await gateway.token(BOB, { mayReview: true }) }))
    const working = load(gateway, this.#tokens, this.#round)
    if (!random.chance(EARLY)) await this.#atWork()
    await (during ?? (() => sleep(random.below(LATEST_KILL_MS))))(gateway)
    await this.kill()
    const known = await working
    await this.#quiet()
    await after?.()
    if (random.chance(STARTS_KILLED)) await this.#killWhileItStarts()
    return this.#settle(await this.#running(), known)
  }

  /** Kills it in the same way, and counts it. */
  async kill(): Promise<void> {
    await this.#gateway?.stop('SIGKILL')
    this.#gateway = null
    this.tally.kills += 1
  }

  /** Another process on the same data directory, for `after`. Rejects with why it does not start, unless that is a store that looks dead for a while. */
  starts(): Promise<GatewayProcess> {
    return patiently(() => this.#start())
  }

  /** Everything of all rounds, the tree too, when nothing runs any more. */
  async settleAll(): Promise<readonly string[]> {
    await this.kill()
    await this.#quiet()
    const gateway = await this.#running()
    const found = [...(await this.#ledger.read()), ...discrepancies({ acknowledged: [] }, await this.#rows(0), this.#ledger)]
    return [...found, ...(await treeProblems(gateway, this.#ledger))]
  }

  async #running(): Promise<GatewayProcess> {
    return (this.#gateway ??= await patiently(() => this.#start()))
  }

  async #killWhileItStarts(): Promise<void> {
    const { random } = this.#options
    const onSpawn = (child: ChildProcess) => setTimeout(() => child.kill('SIGKILL'), random.below(LATEST_KILL_MS))
    this.#gateway = await this.#start(onSpawn).catch(() => null)
    await this.kill()
  }

  async #settle(gateway: GatewayProcess, known: Known): Promise<readonly string[]> {
    const problems = await this.#ledger.read()
    this.tally.acknowledged += known.acknowledged.length
    const found = discrepancies(known, await this.#rows(numberOf(this.#round, 0, 0)), this.#ledger)
    await this.#sendAgain(gateway, known)
    return [...problems, ...found]
  }

  /** The same bytes by the same person: what was used up is refused, and what was not runs now. */
  async #sendAgain(gateway: GatewayProcess, { open }: Known): Promise<void> {
    if (open.length === 0) return
    const client = await patiently(async () => {
      const connecting = clientOf(gateway, this.#tokens?.alice ?? '')
      await connecting.connect()
      return connecting
    })
    for (const { text } of open) {
      this.tally.open += 1
      const ran = await client.query(text).catch(() => null)
      this.tally[ran ? 'again' : 'refused'] += 1
    }
    await client.end()
  }

  async #rows(from: number): Promise<readonly number[]> {
    const { rows } = await this.#direct.query<{ number: string }>('SELECT number FROM ran WHERE number >= $1', [from])
    return rows.map(({ number }) => Number(number))
  }

  /** Resolves when the first write of the round has run. */
  async #atWork(): Promise<void> {
    const end = performance.now() + AT_WORK_MS
    while ((await this.#rows(numberOf(this.#round, 0, 0))).length === 0 && performance.now() < end) await sleep(10)
  }

  /** Resolves when the target runs nothing of this gateway any more: it finishes what was sent to it. */
  async #quiet(): Promise<void> {
    while ((await this.#direct.query(BACKENDS)).rows.length > 0) await sleep(10)
  }

  #start(onSpawn?: GatewayOptions['onSpawn']): Promise<GatewayProcess> {
    const { server, name, store, program } = this.#options
    const target = {
      protocol: 'postgres',
      url: `postgres://${server.host}:${server.port}/${name}`,
      credential: { username: server.superuser, password: { env: 'TARGET_PASSWORD' } },
      onHold: 'refuse',
    }
    return startGateway({
      users: { [ALICE]: { groups: ['engineering'] }, [BOB]: { groups: ['dba'], admin: true } },
      resources: { free: target, held: target },
      policy: POLICY,
      ...(store === undefined ? {} : { store }),
      env: { ...this.#options.env, TARGET_PASSWORD: server.password },
      data: this.data,
      program,
      ...(onSpawn && { onSpawn }),
    })
  }
}

const PATIENCE_MS = 60_000

/** A machine that is busy with much else lets a store look dead for a while, and a gateway says so: then it is tried again. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (const end = performance.now() + PATIENCE_MS; ; await sleep(500)) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Error && /\bstore\b/.test(error.message)) || performance.now() > end) throw error
    }
  }
}

import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import type { StorePlace } from '../../packages/cli/src/verify-config.ts'
import type { GatewayOptions } from './gateway.ts'
import { type PostgresServer, startPostgres } from './postgres.ts'

/** A gateway's data directory and its store, when nobody runs on them. */
export interface Kept {
  readonly data: string
  /** The name of its database; of SQLite the file is in `data`. */
  readonly database: string
}

/** Stores that are copied, put together and changed behind their gateways' backs. */
export interface KeptStores {
  /** An empty one. */
  create(): Promise<Kept>
  /** A new one: the data directory of one with the store of another. */
  combine(data: Kept, store?: Kept): Promise<Kept>
  /** Runs these statements in its store, each of which has to change something. */
  change(kept: Kept, statements: readonly string[]): Promise<void>
  /** For `startGateway`. */
  gateway(kept: Kept): Pick<GatewayOptions, 'data' | 'store' | 'env'>
  /** What `ledger verify` is told beside the data directory, and in its environment; and what it makes of that. */
  verifier(kept: Kept): { readonly args: readonly string[]; readonly env: Readonly<Record<string, string>>; readonly place: StorePlace | null }
  close(): Promise<void>
}

const newFolder = () => mkdtempSync(join(tmpdir(), 'countersign-kept-'))

export class SqliteStores implements KeptStores {
  readonly #folder = newFolder()
  #count = 0

  create(): Promise<Kept> {
    return Promise.resolve({ data: join(this.#folder, String(++this.#count)), database: '' })
  }

  async combine(of: Kept, store = of): Promise<Kept> {
    const kept = await this.create()
    const isStore = (name: string) => name.startsWith('countersign.db')
    cpSync(of.data, kept.data, { recursive: true })
    for (const name of readdirSync(kept.data).filter(isStore)) rmSync(join(kept.data, name))
    for (const name of readdirSync(store.data).filter(isStore)) cpSync(join(store.data, name), join(kept.data, name))
    return kept
  }

  change({ data }: Kept, statements: readonly string[]): Promise<void> {
    const database = new DatabaseSync(join(data, 'countersign.db'))
    for (const statement of statements) if (database.prepare(statement).run().changes === 0) throw new Error(`nothing was changed by ${statement}`)
    database.close()
    return Promise.resolve()
  }

  gateway({ data }: Kept): Pick<GatewayOptions, 'data'> {
    return { data }
  }

  verifier(): ReturnType<KeptStores['verifier']> {
    return { args: [], env: {}, place: null }
  }

  close(): Promise<void> {
    rmSync(this.#folder, { recursive: true })
    return Promise.resolve()
  }
}

/** A role that may read what is verified, and nothing else; and its password. */
const [AUDITOR, PASSWORD] = ['auditor', 'canary-of-the-auditor']
const READ = ['ledger', 'ledger_heads', 'tree_runs', 'tiles', 'checkpoints'].map((table) => `countersign.${table}`)

export class PostgresStores implements KeptStores {
  readonly #server: PostgresServer
  readonly #folder = newFolder()
  /** The configuration that `ledger verify` is given: it has nothing but where the address is. */
  readonly config = join(this.#folder, 'countersign.yaml')
  #count = 0

  private constructor(server: PostgresServer) {
    this.#server = server
    writeFileSync(this.config, 'store: { url: { env: LEDGER_STORE } }\n')
  }

  static async open(): Promise<PostgresStores> {
    const server = await startPostgres()
    const stores = new PostgresStores(server)
    await stores.#run('postgres', [`CREATE ROLE ${AUDITOR} LOGIN PASSWORD '${PASSWORD}'`])
    return stores
  }

  create(): Promise<Kept> {
    return this.#made(`CREATE DATABASE kept_${this.#count + 1}`)
  }

  async combine(of: Kept, store = of): Promise<Kept> {
    const kept = await this.#made(`CREATE DATABASE kept_${this.#count + 1} TEMPLATE ${store.database}`)
    cpSync(of.data, kept.data, { recursive: true })
    return kept
  }

  async change({ database }: Kept, statements: readonly string[]): Promise<void> {
    for (const [statement, changed] of await this.#run(database, statements)) if (changed === 0) throw new Error(`nothing was changed by ${statement}`)
  }

  gateway({ data, database }: Kept): Pick<GatewayOptions, 'data' | 'store' | 'env'> {
    return { data, store: { url: { env: 'LEDGER_STORE' } }, env: { LEDGER_STORE: this.#server.url(database) } }
  }

  /** By a role that may only read. */
  verifier({ database }: Kept): ReturnType<KeptStores['verifier']> {
    const url = new URL(this.#server.url(database))
    url.username = AUDITOR
    url.password = PASSWORD
    return { args: ['--config', this.config], env: { LEDGER_STORE: url.href }, place: { kind: 'postgres', url: url.href } }
  }

  /** Lets that role read, where a gateway has made its tables. */
  async admit({ database }: Kept): Promise<void> {
    await this.#run(database, [`GRANT USAGE ON SCHEMA countersign TO ${AUDITOR}`, `GRANT SELECT ON ${READ.join(', ')} TO ${AUDITOR}`])
  }

  async close(): Promise<void> {
    await this.#server.stop()
    rmSync(this.#folder, { recursive: true })
  }

  async #made(statement: string): Promise<Kept> {
    await this.#run('postgres', [statement])
    const database = `kept_${++this.#count}`
    return { data: join(this.#folder, database), database }
  }

  async #run(database: string, statements: readonly string[]): Promise<readonly (readonly [string, number | null])[]> {
    const client = new pg.Client(this.#server.url(database))
    await client.connect()
    await client.query('SET search_path = countersign')
    const changed: [string, number | null][] = []
    for (const statement of statements) changed.push([statement, (await client.query(statement)).rowCount])
    await client.end()
    return changed
  }
}

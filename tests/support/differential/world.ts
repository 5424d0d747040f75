import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import pg from 'pg'
import type { PostgresServer } from '../postgres.ts'

/** Everything that a read must leave as it was, by name. */
export type World = Readonly<Record<string, string>>

/** Folders of the data directory whose files say nothing that the database does not say itself. */
const BUSY = new Set(['base', 'global', 'pg_wal', 'pg_stat', 'pg_stat_tmp', 'pg_xact', 'pg_subtrans', 'pg_multixact', 'pg_notify', 'pg_dynshmem'])

const FACTS: Readonly<Record<string, string>> = {
  wal: 'SELECT pg_current_wal_insert_lsn()',
  transactions: 'SELECT pg_snapshot_xmax(pg_current_snapshot())',
  sequences: `SELECT string_agg(format('%s=%s', c.oid::regclass, (SELECT x FROM xmltable('/row' PASSING query_to_xml(format('SELECT * FROM %s', c.oid::regclass), false, true, '')
    COLUMNS x text PATH '.') AS t(x))), ',' ORDER BY c.oid) FROM pg_class c WHERE relkind = 'S' AND relpersistence <> 't'`,
  settings: "SELECT md5(string_agg(concat_ws('=', name, setting, reset_val), ',' ORDER BY name)) FROM pg_settings WHERE context <> 'internal'",
  files: "SELECT md5(string_agg(f::text, ',' ORDER BY seqno)) FROM pg_file_settings f",
  reloaded: 'SELECT pg_conf_load_time()',
  prepared: 'SELECT string_agg(gid, $$,$$) FROM pg_prepared_xacts',
  slots: 'SELECT string_agg(slot_name, $$,$$) FROM pg_replication_slots',
  resets: `SELECT concat_ws(',', (SELECT string_agg(stats_reset::text, ',') FROM pg_stat_database), (SELECT stats_reset FROM pg_stat_bgwriter),
    (SELECT stats_reset FROM pg_stat_wal), (SELECT stats_reset FROM pg_stat_archiver), (SELECT string_agg(stats_reset::text, ',' ORDER BY name) FROM pg_stat_slru))`,
  others: "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bystander'",
}

const TABLES = `SELECT format('SELECT %L, md5(string_agg(md5(t::text), '''' ORDER BY md5(t::text))) FROM %s t', c.oid::regclass, c.oid::regclass)
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r', 'm') AND nspname IN ('public', 'pg_catalog') ORDER BY c.oid`

/** Looks at a server that nobody else uses, on connections of its own, and listens beside the statements that are tried. */
export class Watch implements AsyncDisposable {
  readonly #client: pg.Client
  readonly #bystander: pg.Client
  readonly #folders: readonly string[]
  readonly #digests: string
  readonly #logged: () => number
  #heard = 0
  #cut = 0

  private constructor(client: pg.Client, bystander: pg.Client, folders: readonly string[], digests: string, logged: () => number) {
    this.#client = client
    this.#bystander = bystander
    this.#folders = folders
    this.#digests = digests
    this.#logged = logged
    bystander.on('notification', () => this.#heard++)
    for (const each of [client, bystander]) each.on('error', () => this.#cut++)
  }

  /** `outside` are folders beside the data directory that a statement might write to. */
  static async over(server: PostgresServer, channels: readonly string[], outside: readonly string[]): Promise<Watch> {
    const client = new pg.Client({ connectionString: server.url('postgres'), application_name: 'watch' })
    const bystander = new pg.Client({ connectionString: server.url('postgres'), application_name: 'bystander' })
    await Promise.all([client.connect(), bystander.connect()])
    for (const channel of channels) await bystander.query(`LISTEN ${bystander.escapeIdentifier(channel)}`)
    await client.query('SET row_security = off')
    const { rows } = await client.query<string[]>({ text: TABLES, rowMode: 'array' })
    const directory = await client.query<{ data_directory: string }>('SHOW data_directory')
    const data = directory.rows[0]?.data_directory ?? ''
    return new Watch(client, bystander, [data, ...outside], rows.map(([text]) => text).join(' UNION ALL '), server.logged)
  }

  /** The process that somebody might want to terminate. */
  get victim(): number {
    return Number(Reflect.get(this.#bystander, 'processID'))
  }

  async look(): Promise<World> {
    // What was notified is told at the latest with the answer to something that is asked afterwards; who was cut off hears nothing more.
    for (let asked = 0; asked < 2; asked++) await this.#bystander.query('SELECT 1').catch(() => undefined)
    const world: Record<string, string> = { heard: String(this.#heard), cut: String(this.#cut) }
    for (const [name, text] of Object.entries(FACTS)) world[name] = JSON.stringify((await this.#client.query({ text, rowMode: 'array' })).rows)
    const { rows } = await this.#client.query<[string, string | null]>({ text: this.#digests, rowMode: 'array' })
    for (const [table, digest] of rows) world[`table ${table}`] = String(digest)
    for (const folder of this.#folders) for (const [file, digest] of filesOf(folder, folder)) world[`file ${file}`] = digest
    return { ...world, log: String(this.#logged()) } // last, because the log comes by another way
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([this.#client.end(), this.#bystander.end()])
  }
}

/** The names of what is not the same. */
export function differences(before: World, after: World): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => before[name] !== after[name])
}

/** Runs what is ours and not a statement that is tried, whose time is short: on a busy machine that may be up here too. */
export async function insist(client: pg.Client, text: string): Promise<void> {
  for (;;) {
    try {
      await client.query(text)
      return
    } catch (error) {
      if (!(error instanceof pg.DatabaseError && error.message.includes('statement timeout'))) throw error
    }
  }
}

/** What a session keeps to itself and may not keep when it only read. `sql:session` may LISTEN, PREPARE, DECLARE and SET what is allow-listed. */
export async function leftIn(client: pg.Client, allowed: ReadonlySet<string>): Promise<readonly string[]> {
  const ask = async (text: string) => (await client.query<string[]>({ text, rowMode: 'array' })).rows.map(([first]) => first ?? '')
  await insist(client, 'SET statement_timeout = 0') // these are our own questions
  const settings = await ask("SELECT name FROM pg_settings WHERE source = 'session' AND setting IS DISTINCT FROM reset_val")
  const locks = await ask("SELECT 'an advisory lock' FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory' LIMIT 1")
  const who = await ask('SELECT concat_ws($$ $$, current_user, session_user)')
  return [...settings.filter((name) => !allowed.has(name.toLowerCase())), ...locks, ...who.filter((each) => each !== 'postgres postgres')]
}

function filesOf(folder: string, root: string): readonly (readonly [string, string])[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return folder === root && BUSY.has(entry.name) ? [] : filesOf(path, root)
    return [[relative(root, path), digestOf(path)] as const]
  })
}

function digestOf(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex')
  } catch {
    return String(statSync(path, { throwIfNoEntry: false })?.size) // a socket
  }
}

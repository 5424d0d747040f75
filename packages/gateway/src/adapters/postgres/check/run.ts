import type { Parameter } from '@countersign/core/action'
import type { Target } from '../../adapter.ts'
import { Beside } from '../beside.ts'
import { ConnectionRefused } from '../refuse.ts'
import { type Check, type Finding, GIVEN, type Severity } from './check.ts'
import { DATABASE_CHECKS } from './database-checks.ts'
import { mappedRoles, rehearse } from './rehearsal.ts'
import { SERVER_CHECKS } from './server-checks.ts'

/** A server whose catalog takes longer is not waited for. */
const QUESTION_MS = 10_000

/** Names mean PostgreSQL's own, whatever was made on the target; a temporary schema would else come first. */
const SETTINGS = new Map([
  ['application_name', 'countersign:check'],
  ['search_path', 'pg_catalog,pg_temp'],
  ['statement_timeout', String(QUESTION_MS)],
  ['lock_timeout', '2000'],
  ['default_transaction_read_only', 'on'],
  ['jit', 'off'],
])

/** OIDs (pg_type.dat) of the parameters of GIVEN. */
const [BOOL, TEXT, TEXTS] = [16, 25, 1009]

const DATABASES = `SELECT datname FROM pg_database WHERE datallowconn AND datname <> current_database() AND has_database_privilege(oid, 'CONNECT') ORDER BY datname`

/** Some servers have a database for each customer. Somebody waits for the report, so it is not made of all of them. */
const LIMITS: Limits = { databases: 100, ms: 60_000 }
/** As many are named of those that were left out. */
const NAMED = 5

const REHEARSAL = 'rehearsal'
const REHEARSED = 'each session gets an account, and leaves nothing behind: the gateway’s own statements were tried, in a transaction that was rolled back'

const SEVERITIES: readonly Severity[] = ['blocking', 'serious', 'warning']

/** What was looked at, and what is wrong there, the worst first. */
export interface Report {
  readonly databases: readonly string[]
  readonly findings: readonly Finding[]
}

/** `databases` is how many are looked at; none is begun when `ms` have passed. */
export interface Limits {
  readonly databases: number
  readonly ms: number
}

/**
 * Looks at a target from its server down to the databases that the credential may enter, the target's own first, as far as `limits` go. Leaves nothing
 * changed. Never rejects: what cannot be looked at is a finding.
 */
export async function checkTarget(target: Target, signal: AbortSignal, limits = LIMITS): Promise<Report> {
  const until = performance.now() + limits.ms
  const asking = new Asking(target, signal)
  const others = await asking.look(target.database, [...SERVER_CHECKS, ...DATABASE_CHECKS], DATABASES)
  for (const [index, database] of others.entries()) {
    if (index + 1 >= limits.databases || performance.now() > until) {
      asking.leave(others.slice(index))
      break
    }
    await asking.look(database, DATABASE_CHECKS, null)
  }
  return asking.report()
}

/** The same of its own database alone. */
export async function checkDatabase(target: Target, signal: AbortSignal): Promise<Report> {
  const asking = new Asking(target, signal)
  await asking.look(target.database, [...SERVER_CHECKS, ...DATABASE_CHECKS], null)
  return asking.report()
}

class Asking {
  readonly #target: Target
  readonly #signal: AbortSignal
  readonly #databases: string[] = []
  readonly #findings: Finding[] = []

  constructor(target: Target, signal: AbortSignal) {
    this.#target = target
    this.#signal = signal
  }

  report(): Report {
    const rank = ({ severity }: Finding) => SEVERITIES.indexOf(severity)
    return { databases: this.#databases, findings: this.#findings.toSorted((a, b) => rank(a) - rank(b)) }
  }

  /** Asks in one database. `list`, when given, is asked there too, and its answer returned. */
  async look(database: string, checks: readonly Check[], list: string | null): Promise<readonly string[]> {
    const reaching = new Reaching({ ...this.#target, database })
    try {
      await using beside = await Beside.open(reaching.target, SETTINGS, AbortSignal.any([this.#signal, AbortSignal.timeout(QUESTION_MS * 3)]))
      this.#databases.push(database)
      for (const check of checks) await this.#ask(beside, database, check)
      if (checks !== DATABASE_CHECKS) await this.#rehearse(beside)
      return list === null ? [] : (await beside.ask(list)).flatMap(([name]) => name ?? [])
    } catch (error) {
      this.#findings.push(this.#unreachable(database, reaching.stage, error))
      return []
    }
  }

  /** These are not looked at any more: a report that is not whole says so, and does not pass for one without findings. */
  leave(databases: readonly string[]): void {
    const more = databases.length > NAMED ? `, and ${databases.length - NAMED} more` : ''
    const what = `${databases.length} of ${databases.length + this.#databases.length} databases were not looked at: ${databases.slice(0, NAMED).join(', ')}${more}`
    const why =
      'what is wrong there is not in this report: give the credential CONNECT to the databases that it is for alone, or check a resource whose `url` names the database'
    this.#findings.push({ check: 'databases', severity: 'serious', database: null, what, why, sql: null })
  }

  async #ask(beside: Beside, database: string, check: Check): Promise<void> {
    const severity = this.#target.accounts ? check.ephemeral : check.shared
    if (severity === null) return
    const { name, why } = check
    const common = { check: name, severity, database: check.of === 'server' ? null : database }
    try {
      const rows = await beside.ask(`${GIVEN} ${check.sql}`, this.#given())
      this.#findings.push(...rows.map(([what, sql]) => ({ ...common, what: what ?? 'the target does not say what', why, sql: sql ?? null })))
    } catch (error) {
      this.#findings.push({ ...common, what: `could not be checked: ${messageOf(error)}`, why, sql: null })
    }
  }

  /** What is said of roles already would only be said again. */
  async #rehearse(beside: Beside): Promise<void> {
    const { accounts } = this.#target
    if (accounts === null || this.#findings.some(({ severity, database }) => severity === 'blocking' && database === null)) return
    const what = await rehearse(beside, accounts)
    if (what !== null) this.#findings.push({ check: REHEARSAL, severity: 'blocking', database: null, what, why: REHEARSED, sql: null })
  }

  #given(): readonly Parameter[] {
    const { accounts, trustedFunctions, database, tls } = this.#target
    const { read = [], write = [] } = accounts?.roles ?? {}
    const list = (values: readonly string[]) => `{${values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`
    const values = [
      [TEXTS, list(mappedRoles(accounts))],
      [TEXTS, list([...read, ...write])],
      [TEXT, accounts?.owner ?? null],
      [BOOL, accounts ? 'true' : 'false'],
      [TEXTS, list(trustedFunctions)],
      [TEXT, database],
      [TEXT, tls],
    ] as const
    return values.map(([type, value]) => ({ type, value, format: 'text' }))
  }

  /** Another database may be closed to the gateway on purpose; nobody else gets in through it either. */
  #unreachable(database: string, stage: Reaching['stage'], error: unknown): Finding {
    const own = database === this.#target.database
    const severity = !own ? 'warning' : this.#target.accounts ? 'blocking' : 'serious'
    const hint = error instanceof ConnectionRefused && error.hint !== null ? `. ${error.hint}` : ''
    const why = own ? 'nobody gets through to it, and nothing more could be looked at' : 'what is in it was not looked at, and nobody gets through to it either'
    return { check: stage, severity, database, what: messageOf(error) + hint, why, sql: null }
  }
}

/** Knows how far a connection got. */
class Reaching {
  readonly target: Target
  stage: 'reach' | 'tls' | 'login' = 'reach'

  constructor(target: Target) {
    this.target = {
      ...target,
      dial: async (signal) => {
        const stream = await target.dial(signal)
        this.stage = target.tls === 'disable' ? 'login' : 'tls'
        return stream
      },
      startTls: async (stream) => {
        const secured = await target.startTls(stream)
        this.stage = 'login'
        return secured
      },
    }
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

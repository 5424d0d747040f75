import type { Parameter } from '@countersign/core/action'
import type { Impact } from '@countersign/core/impact'
import type { Target } from '../../adapter.ts'
import { type Bulk, emptied, insertOf } from './bulk.ts'
import { catalogFacts, type CatalogFacts } from './catalog.ts'
import type { RowChange, RowEvent } from './change.ts'
import { type Beside, Refused } from '../beside.ts'
import { countingText } from './counting.ts'
import { quoted } from '../quoted.ts'
import { type Locks, locksOf } from './locks.ts'
import { type Plan, type PlannedChange, readPlan } from './plan.ts'
import { textValue } from './values.ts'
import { IN_TRANSACTION, LATE, NO_LOCKS, type Text, type Weighed } from './weighed.ts'

/** Any one question to the target; it is told so, and cancels itself. */
const STATEMENT_MS = 500
/** Planning takes the locks that a write takes; whoever has them is not waited for, because others would queue up behind us. */
const LOCK_MS = 100

/** Settings that a client may change and that say what a date in a statement means; the server reports them. */
const MEANING = ['TimeZone', 'DateStyle', 'IntervalStyle'] as const

type Counted = Pick<Impact, 'rows' | 'because'>

/** Asks one target about the statements of one message. */
export class Weighing {
  readonly #beside: Beside
  readonly #target: Target
  readonly #weighed: Weighed

  constructor(beside: Beside, target: Target, weighed: Weighed) {
    this.#beside = beside
    this.#target = target
    this.#weighed = weighed
  }

  async impacts(texts: readonly Text[]): Promise<readonly Impact[]> {
    await this.#begin()
    const locks = await this.#locks()
    const impacts: Impact[] = []
    for (const text of texts) impacts.push({ ...(await this.#impact(text, locks)), ...shown(locks) })
    return impacts
  }

  /** Nothing can be written from here on, and nothing lasts longer than STATEMENT_MS; then it is whoever and wherever the session is. */
  async #begin(): Promise<void> {
    const { role, reported } = this.#weighed
    await this.#beside.ask('BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED READ ONLY')
    await this.#set('statement_timeout', String(STATEMENT_MS))
    await this.#set('lock_timeout', String(LOCK_MS))
    for (const name of MEANING) {
      const value = reported.get(name)
      if (value !== undefined) await this.#set(name, value)
    }
    await this.#set('role', role)
    // Who asks is not who acts: where row security would show them different rows, it is an error, and nothing is known.
    if (this.#target.accounts !== null) await this.#set('row_security', 'off')
    await this.#searchPath(this.#path)
  }

  /** `none` outside a transaction; null when the target cannot say. */
  async #locks(): Promise<Locks | 'none' | null> {
    const { transaction } = this.#weighed
    if (transaction === null) return 'none'
    await this.#searchPath('pg_catalog')
    const locks = await this.#apart(() => locksOf(this.#beside, transaction)).catch(() => null)
    await this.#searchPath(this.#path)
    return locks
  }

  async #impact(text: Text, locks: Locks | 'none' | null): Promise<Impact> {
    const { known, bulk } = text
    if (text.isOver) return known
    if (locks === null) return { ...known, because: 'what its transaction has changed is not known' }
    if (locks !== 'none' && locks.redefined.length > 0)
      return { ...known, because: `its transaction may have changed what ${locks.redefined.join(', ')} is, which nobody else sees yet` }
    try {
      return await this.#apart(() => (bulk ? this.#askBulk(bulk, known) : this.#ask(text)))
    } catch (error) {
      return { ...known, because: whyNot(error) }
    }
  }

  async #ask(text: Text): Promise<Impact> {
    const { change, known } = text
    const oids = change === null ? [] : await this.#tables(change.tables)
    const plan = await this.#plan(text)
    const planned = await this.#plannedTables(plan, oids[0])
    await this.#searchPath('pg_catalog')
    const own = change === null ? null : await catalogFacts(this.#beside, change, oids)
    const more: CatalogFacts[] = []
    for (const { oid, events } of planned) more.push(await catalogFacts(this.#beside, changing(events), [oid]))
    await this.#searchPath(this.#path)
    const counted = change === null || own === null ? notCounted(known.because ?? '') : await this.#rows(text, change, own, plan)
    const all = own === null ? more : [own, ...more]
    return {
      ...known,
      ...counted,
      estimate: plan.rows,
      uniqueKey: own?.uniqueKey ?? null,
      triggers: unique(all.flatMap(({ triggers }) => triggers)),
      cascades: unique(all.flatMap(({ cascades }) => cascades)),
    }
  }

  async #askBulk(bulk: Bulk, known: Impact): Promise<Impact> {
    const oids = await this.#tables(bulk.tables)
    await this.#searchPath('pg_catalog')
    if (bulk.kind === 'TruncateStmt') return { ...known, ...(await emptied(this.#beside, bulk, oids)) }
    const { triggers, cascades } = await catalogFacts(this.#beside, insertOf(bulk), oids)
    return { ...known, triggers, cascades }
  }

  /** Not as the session has it: `"$user"` would be whoever asks. */
  get #path(): string {
    return this.#weighed.schemas.map(quoted).join(',')
  }

  #searchPath(path: string): Promise<void> {
    return this.#set('search_path', path)
  }

  /** SET LOCAL, without quoting: every name is qualified, because the search_path may hold somebody's own. */
  async #set(name: string, value: string): Promise<void> {
    await this.#beside.ask('SELECT pg_catalog.set_config($1, $2, true)', [textValue(name), textValue(value)])
  }

  /** What the target refuses ends nothing but itself. Settings are as before, too. */
  async #apart<T>(job: () => Promise<T>): Promise<T> {
    await this.#beside.ask('SAVEPOINT apart')
    try {
      return await job()
    } finally {
      await this.#beside.ask('ROLLBACK TO SAVEPOINT apart')
    }
  }

  /** The OIDs of tables, by the search_path of the moment. */
  async #tables(tables: readonly string[]): Promise<readonly string[]> {
    const columns = tables.map((_, index) => `pg_catalog.to_regclass($${index + 1})::pg_catalog.oid`)
    const [row] = await this.#beside.ask(`SELECT ${columns.join(', ')}`, tables.map(textValue))
    return tables.map((name, index) => {
      const oid = row?.[index]
      if (!oid || !/^\d+$/.test(oid)) throw new NotKnown(`${name} is not there`)
      return oid
    })
  }

  /** What rules, views and WITH make it change besides the table that it names. */
  async #plannedTables({ changes }: Plan, own: string | undefined): Promise<readonly (PlannedChange & { readonly oid: string })[]> {
    if (changes.length === 0) return []
    const oids = await this.#tables(changes.map(({ table }) => table))
    return changes.map((change, index) => ({ ...change, oid: oids[index] ?? '0' })).filter(({ oid }) => oid !== own || changes.length > 1)
  }

  /** EXPLAIN without ANALYZE plans and does not run. */
  async #plan({ statement, parameters }: Text): Promise<Plan> {
    const [row] = await this.#beside.ask(`EXPLAIN (VERBOSE, FORMAT JSON) ${statement.text}`, parameters)
    return readPlan(row?.[0] ?? '[]')
  }

  async #rows(text: Text, { uncountable, values }: RowChange, { doubt }: CatalogFacts, { cost }: Plan): Promise<Counted> {
    if (this.#weighed.transaction !== null) return notCounted(IN_TRANSACTION)
    if (uncountable !== null) return notCounted(uncountable)
    if (doubt !== null) return notCounted(doubt)
    if (values !== null) return { rows: values, because: null }
    if (text.isLate) return notCounted(LATE)
    if (cost === null || cost > this.#target.countUpToCost) return notCounted('a count would cost too much')
    const counting = countingText(text.statement.text)
    if (counting === null || !(await this.#weighed.isRead(counting))) return notCounted('its condition cannot be taken apart from it')
    return this.#count(counting, text)
  }

  async #count(counting: string, text: Text): Promise<Counted> {
    try {
      const [row] = await this.#beside.ask(counting, await this.#typedParameters(text))
      const rows = Number(row?.[0] ?? Number.NaN)
      return Number.isSafeInteger(rows) ? { rows, because: null } : notCounted('the target did not answer with a number')
    } catch (error) {
      return notCounted(whyNot(error))
    }
  }

  /** As the whole statement has them: the count alone might give them other types, or none. */
  async #typedParameters({ statement, parameters }: Text): Promise<readonly Parameter[]> {
    if (parameters.length === 0) return []
    const types = await this.#beside.parameterTypes(
      statement.text,
      parameters.map(({ type }) => type),
    )
    return parameters.map((parameter, index) => ({ ...parameter, type: types[index] ?? parameter.type }))
  }
}

function shown(locks: Locks | 'none' | null): Pick<Impact, 'locks' | 'waiting'> {
  if (locks === 'none') return NO_LOCKS
  return { locks: locks?.held ?? null, waiting: locks?.waiting ?? null }
}

/** What a MERGE does there is not in its plan: all of it. */
function changing(events: readonly RowEvent[] | null): Pick<RowChange, 'kind' | 'events' | 'set' | 'fixed' | 'bareNames' | 'functions'> {
  return { kind: 'MergeStmt', events: events ?? ['insert', 'update', 'delete'], set: [], fixed: [], bareNames: [], functions: [] }
}

class NotKnown extends Error {}

const unique = (names: readonly string[]) => [...new Set(names)]

const notCounted = (because: string) => ({ rows: null, because })

/** A query that its timeout cancelled, and a lock that somebody else has. */
const QUERY_CANCELED = '57014'
const LOCK_NOT_AVAILABLE = '55P03'

export function whyNot(error: unknown): string {
  if (error instanceof NotKnown) return error.message
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'the target did not answer in time'
  if (!(error instanceof Refused)) return 'the target could not be asked'
  if (error.code === LOCK_NOT_AVAILABLE) return 'somebody has locked its tables'
  return error.code === QUERY_CANCELED ? `it took longer than ${STATEMENT_MS} ms to count` : `the target says: ${error.message}`
}

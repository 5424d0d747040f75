import type { Parameter, SessionState } from '@countersign/core/action'
import { type Impact, unknownImpact } from '@countersign/core/impact'
import type { Target } from '../../adapter.ts'
import { type ClassifiedStatement, isLong } from '../classify.ts'
import { isTree, list, tree, type Tree } from '../classify/tree.ts'
import { catalogFacts, type CatalogFacts } from './catalog.ts'
import { readChange, type RowChange } from './change.ts'
import { Beside, Refused } from './connection.ts'
import { countingText } from './counting.ts'

/** Any one question to the target; it is told so, and cancels itself. */
const STATEMENT_MS = 500
/** From dialling to the last answer: somebody waits to be told that he is held. */
const ALL_MS = 3_000
/**
 * In the planner's units, where reading a page of 8 KiB costs 1: a count up to here reads 200 MiB at most, which a server does within
 * STATEMENT_MS from its memory. Above it only the estimate is shown, so that a review costs the target nothing to speak of.
 */
const MAX_COST = 25_000

/** Settings that a client may change and that say what a date in a statement means; the server reports them. */
const MEANING = ['TimeZone', 'DateStyle', 'IntervalStyle'] as const

/** One statement that waits for a review, in its session. */
export interface Weighed {
  readonly statement: ClassifiedStatement
  readonly parameters: readonly Parameter[]
  readonly state: SessionState
  /** What the server reported of the session's settings. */
  readonly reported: ReadonlyMap<string, string>
  /** True when a text only reads, by the live catalog too. */
  isRead(text: string): Promise<boolean>
}

/**
 * What a change of rows would do, asked on a connection beside the session's, in a READ ONLY transaction that is thrown away. Never
 * rejects: what cannot be found out is unknown, and says why.
 */
export async function weigh(target: Target, weighed: Weighed, session: AbortSignal): Promise<Impact> {
  const { statement } = weighed
  if (statement.type !== 'sql:write') return unknownImpact('only changes of rows are counted')
  if (statement.refers !== null || statement.defines !== null) return unknownImpact('it runs another statement by its name')
  if (isLong(statement.text)) return unknownImpact('the statement is too long')
  try {
    const change = readChange(statement.text)
    if (change === null) return unknownImpact('only INSERT, UPDATE, DELETE and MERGE are counted')
    const signal = AbortSignal.any([session, AbortSignal.timeout(ALL_MS)])
    await using beside = await Beside.open(target, new Map([['application_name', 'countersign:impact']]), signal)
    return await new Weighing(beside, weighed, change).impact()
  } catch (error) {
    return unknownImpact(whyNot(error))
  }
}

class Weighing {
  readonly #beside: Beside
  readonly #weighed: Weighed
  readonly #change: RowChange

  constructor(beside: Beside, weighed: Weighed, change: RowChange) {
    this.#beside = beside
    this.#weighed = weighed
    this.#change = change
  }

  async impact(): Promise<Impact> {
    await this.#begin()
    const oids = await this.#tables()
    await this.#searchPath('pg_catalog')
    const facts = await catalogFacts(this.#beside, this.#change, oids)
    await this.#searchPath(this.#weighed.state.searchPath)
    const plan = await this.#plan()
    const counted = await this.#rows(facts, plan)
    const { uniqueKey, triggers, cascades } = facts
    return { ...counted, estimate: plan.rows, uniqueKey, triggers, cascades }
  }

  /** Nothing can be written from here on, and nothing lasts longer than STATEMENT_MS; then it is whoever and wherever the session is. */
  async #begin(): Promise<void> {
    const { state, reported } = this.#weighed
    await this.#beside.ask('BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED READ ONLY')
    await this.#set('statement_timeout', String(STATEMENT_MS))
    for (const name of MEANING) {
      const value = reported.get(name)
      if (value !== undefined) await this.#set(name, value)
    }
    await this.#set('role', state.role)
    await this.#searchPath(state.searchPath)
  }

  #searchPath(path: string): Promise<void> {
    return this.#set('search_path', path)
  }

  /** SET LOCAL, without quoting: every name is qualified, because the search_path may hold somebody's own. */
  async #set(name: string, value: string): Promise<void> {
    await this.#beside.ask('SELECT pg_catalog.set_config($1, $2, true)', [textValue(name), textValue(value)])
  }

  /** The OIDs of the tables, by the session's own search_path. */
  async #tables(): Promise<readonly string[]> {
    const { tables } = this.#change
    const columns = tables.map((_, index) => `pg_catalog.to_regclass($${index + 1})::pg_catalog.oid`)
    const [row] = await this.#beside.ask(`SELECT ${columns.join(', ')}`, tables.map(textValue))
    return tables.map((name, index) => {
      const oid = row?.[index]
      if (!oid || !/^\d+$/.test(oid)) throw new NotKnown(`${name} is not there`)
      return oid
    })
  }

  /** EXPLAIN without ANALYZE plans and does not run. */
  async #plan(): Promise<Plan> {
    const { statement, parameters } = this.#weighed
    const [row] = await this.#beside.ask(`EXPLAIN (FORMAT JSON) ${statement.text}`, parameters)
    return readPlan(row?.[0] ?? '')
  }

  async #rows({ doubt }: CatalogFacts, { cost }: Plan): Promise<Pick<Impact, 'rows' | 'because'>> {
    const { uncountable, values } = this.#change
    if (uncountable !== null) return notCounted(uncountable)
    if (doubt !== null) return notCounted(doubt)
    if (values !== null) return { rows: values, because: null }
    if (cost === null || cost > MAX_COST) return notCounted('a count would cost too much')
    const counting = countingText(this.#weighed.statement.text)
    if (counting === null || !(await this.#weighed.isRead(counting))) return notCounted('its condition cannot be taken apart from it')
    return this.#count(counting)
  }

  async #count(counting: string): Promise<Pick<Impact, 'rows' | 'because'>> {
    try {
      const [row] = await this.#beside.ask(counting, await this.#typedParameters())
      const rows = Number(row?.[0] ?? Number.NaN)
      return Number.isSafeInteger(rows) ? { rows, because: null } : notCounted('the target did not answer with a number')
    } catch (error) {
      return notCounted(whyNot(error))
    }
  }

  /** As the whole statement has them: the count alone might give them other types, or none. */
  async #typedParameters(): Promise<readonly Parameter[]> {
    const { statement, parameters } = this.#weighed
    if (parameters.length === 0) return []
    const types = await this.#beside.parameterTypes(
      statement.text,
      parameters.map(({ type }) => type),
    )
    return parameters.map((parameter, index) => ({ ...parameter, type: types[index] ?? parameter.type }))
  }
}

interface Plan {
  readonly rows: number | null
  readonly cost: number | null
}

/** The plan below the change of rows says how many it expects; what is above it returns none. */
export function readPlan(json: string): Plan {
  const top = tree(tree(list(JSON.parse(json))[0]).Plan)
  const below = list(top.Plans)
    .filter(isTree)
    .find((plan) => plan['Parent Relationship'] === 'Outer')
  const node: Tree = top['Node Type'] === 'ModifyTable' ? (below ?? {}) : top
  return { rows: number(node['Plan Rows']), cost: number(top['Total Cost']) }
}

class NotKnown extends Error {}

const number = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? Math.round(value) : null)

const textValue = (value: string): Parameter => ({ value, format: 'text', type: TEXT })

/** The OID of the type text. */
const TEXT = 25

const notCounted = (because: string) => ({ rows: null, because })

/** A query that its timeout cancelled. */
const QUERY_CANCELED = '57014'

function whyNot(error: unknown): string {
  if (error instanceof NotKnown) return error.message
  if (error instanceof Refused) return error.code === QUERY_CANCELED ? `it took longer than ${STATEMENT_MS} ms to count` : `the target says: ${error.message}`
  return 'the target could not be asked'
}

import type { SqlType } from '@countersign/core/action'
import { type Impact, impactOfAll, unknownImpact } from '@countersign/core/impact'
import type { Impacts, Target } from '../../adapter.ts'
import { isLong } from '../classify.ts'
import { Beside } from '../beside.ts'
import { readBulk } from './bulk.ts'
import { readChange } from './change.ts'
import { IN_TRANSACTION, NO_LOCKS, type Text, type Valued, type Weighed } from './weighed.ts'
import { Turns } from '../turns.ts'
import { Weighing, whyNot } from './weighing.ts'

/** From dialling to the last answer: somebody waits to be told that he is held. */
const ALL_MS = 3_000
/** Of one message; the planner is not asked about more. */
const MAX_STATEMENTS = 50

/** Of all sessions of this gateway. */
const turns = new Turns()

/**
 * What a message would do, asked on a connection beside the session's, in a READ ONLY transaction that is thrown away. Never rejects: what cannot be
 * found out is unknown, and says why.
 */
export async function weigh(target: Target, weighed: Weighed, session: AbortSignal): Promise<Impacts> {
  const texts = weighed.statements.map((valued, index) => textOf(valued, index, weighed.statements))
  const known = texts.map((text) => ({ ...text.known, ...(weighed.transaction === null ? NO_LOCKS : {}) }))
  if (weighed.transaction === null && texts.every(({ isOver }) => isOver)) return together(known, weighed)
  const signal = AbortSignal.any([session, AbortSignal.timeout(ALL_MS)])
  try {
    return await turns.run(target.resource, signal, async () => {
      await using beside = await Beside.open(target, new Map([['application_name', 'countersign:impact']]), signal)
      const impacts = await new Weighing(beside, target, weighed).impacts(texts)
      signal.throwIfAborted()
      return together(impacts, weighed)
    })
  } catch (error) {
    const because = whyNot(signal.aborted ? signal.reason : error) // what ends the wait breaks the connection, too
    return together(
      known.map((impact, index) => (texts[index]?.isOver ? impact : { ...impact, because })),
      weighed,
    )
  }
}

function textOf({ statement, parameters }: Valued, index: number, all: readonly Valued[]): Text {
  const isLate = all.slice(0, index).some((before) => before.statement.type !== 'sql:read' && before.statement.type !== 'sql:session')
  const text = { statement, parameters, isLate }
  const over = (because: string) => ({ ...text, change: null, bulk: null, known: unknownImpact(because), isOver: true })
  if (statement.type !== 'sql:write') return over('only changes of rows are counted')
  if (all.length > MAX_STATEMENTS) return over(`it is one of more than ${MAX_STATEMENTS} statements`)
  if (all.some((each) => CHANGES_TABLES.has(each.statement.type))) return over('a statement beside it may change what its tables are')
  if (statement.refers !== null || statement.defines !== null) return over('it runs another statement by its name')
  if (isLong(statement.text)) return over('the statement is too long')
  const change = readOr(readChange, statement.text)
  const bulk = change === null ? readOr(readBulk, statement.text) : null
  if (change === null && bulk === null && statement.kind !== 'SelectStmt') return over(ONLY)
  const { sets = null, where = null } = change ?? { sets: bulk?.sets, where: bulk?.sets && [] }
  return { ...text, change, bulk, known: { ...unknownImpact(bulk?.because ?? ONLY), sets, where }, isOver: false }
}

const CHANGES_TABLES = new Set<SqlType>(['sql:ddl', 'sql:admin', 'sql:unknown'])

const ONLY = 'only INSERT, UPDATE, DELETE and MERGE are counted'

/** Null also for what cannot be parsed, which is no change that could be counted. */
function readOr<T>(readOne: (text: string) => T | null, text: string): T | null {
  try {
    return readOne(text)
  } catch {
    return null
  }
}

function together(each: readonly Impact[], weighed: Weighed): Impacts {
  return { all: asOne(each, weighed), each }
}

function asOne(impacts: readonly Impact[], { statements, transaction }: Weighed): Impact {
  const changing = impacts.filter((_, index) => statements[index]?.statement.type === 'sql:write')
  const [only = impacts[0] ?? unknownImpact('there is no statement')] = changing
  if (statements.length === 1 || changing.length === 0) return only
  const unplanned = changing.find(({ estimate }) => estimate === null)
  return impactOfAll(changing, unplanned?.because ?? (transaction === null ? SEVERAL : IN_TRANSACTION))
}

const SEVERAL = 'it is one of several statements, which may change the rows of each other'

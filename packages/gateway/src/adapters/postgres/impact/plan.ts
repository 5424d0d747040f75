import { isTree, list, text, tree, type Tree } from '../classify/tree.ts'
import type { RowEvent } from './change.ts'
import { quoted } from '../quoted.ts'

/** A table whose rows a plan changes: what rules and views make of a statement is in it already. */
export interface PlannedChange {
  /** Quoted, as `"schema"."table"`. */
  readonly table: string
  /** Null is whatever a MERGE does. */
  readonly events: readonly RowEvent[] | null
}

/** What the planner says of one statement: the rows that it expects to change or lock, and its cost; null where it says nothing. */
export interface Plan {
  readonly rows: number | null
  readonly cost: number | null
  readonly changes: readonly PlannedChange[]
}

const EVENTS: Readonly<Record<string, readonly RowEvent[]>> = { Insert: ['insert'], Update: ['update'], Delete: ['delete'] }

/** Reads EXPLAIN (VERBOSE, FORMAT JSON). A rule makes several plans of one statement, or none. */
export function readPlan(json: string): Plan {
  const tops = list(JSON.parse(json)).map((each) => tree(tree(each).Plan))
  const changing = tops.flatMap((top) => nodes(top, 'ModifyTable'))
  const counted = changing.length > 0 ? changing.map(below) : tops.flatMap((top) => nodes(top, 'LockRows'))
  return {
    rows: sum(counted.map((node) => node['Plan Rows'])),
    cost: sum(tops.map((top) => top['Total Cost'])),
    changes: changing.flatMap(changeOf),
  }
}

/** What a change of rows returns is none; the plan below it says how many it expects. */
function below(change: Tree): Tree {
  return (
    list(change.Plans)
      .filter(isTree)
      .find((plan) => plan['Parent Relationship'] === 'Outer') ?? {}
  )
}

function changeOf(node: Tree): readonly PlannedChange[] {
  const [schema, relation] = [text(node.Schema), text(node['Relation Name'])]
  if (schema === null || relation === null) return []
  const events = EVENTS[text(node.Operation) ?? ''] ?? null
  const updates = node['Conflict Resolution'] === 'UPDATE'
  return [{ table: `${quoted(schema)}.${quoted(relation)}`, events: events && updates ? [...events, 'update'] : events }]
}

function nodes(plan: Tree, type: string): readonly Tree[] {
  const inside = list(plan.Plans).flatMap((part) => nodes(tree(part), type))
  return plan['Node Type'] === type ? [plan, ...inside] : inside
}

function sum(values: readonly unknown[]): number | null {
  const known = values.filter((value): value is number => typeof value === 'number' && Number.isFinite(value))
  return values.length === 0 || known.length < values.length ? null : Math.round(known.reduce((total, value) => total + value, 0))
}

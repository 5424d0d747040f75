import { quoted } from '../quoted.ts'
import { parse } from '../classify/grammar.ts'
import { as, isTree, list, text as textOf, tree, type Tree } from '../classify/tree.ts'

/** Where each clause of a statement begins, in bytes; null where there is none. `relation` is behind the keyword before the table. */
interface Places {
  readonly relation: number
  readonly set: number | null
  readonly from: number | null
  readonly where: number | null
  readonly returning: number | null
}

/**
 * The SELECT that counts the rows which an UPDATE or DELETE matches, or null. It is cut from the statement's own text, so that every
 * expression and parameter stays as it was written, and parsed again: unless the tables and the condition in it are the very
 * same trees, nothing is counted.
 */
export function countingText(statement: string): string | null {
  const [only, ...others] = parse(statement)
  if (!only || others.length > 0 || (only.kind !== 'UpdateStmt' && only.kind !== 'DeleteStmt')) return null
  const { node, kind } = only
  const more = list(kind === 'UpdateStmt' ? node.fromClause : node.usingClause)
  const what = more.length > 0 ? `count(DISTINCT (${quoted(targetName(node))}.tableoid, ${quoted(targetName(node))}.ctid))` : 'count(*)'
  const counting = cut(statement, node, kind, `SELECT pg_catalog.${what} FROM`)
  return counting !== null && isSameQuestion(counting, what, node, more) ? counting : null
}

/** Of a RangeVar, quoted as `"schema"."table"`. */
export function quotedName({ schemaname, relname }: Tree): string {
  return [schemaname, relname]
    .flatMap((part) => textOf(part) ?? [])
    .map(quoted)
    .join('.')
}

function targetName({ relation }: Tree): string {
  const range = tree(relation)
  return textOf(tree(range.alias).aliasname) ?? textOf(range.relname) ?? ''
}

function cut(statement: string, node: Tree, kind: string, head: string): string | null {
  const bytes = Buffer.from(statement)
  const places = placesOf(bytes.toString('latin1'), node, kind)
  if (places === null) return null
  const { relation, set, from, where, returning } = places
  const upTo = (...ends: readonly (number | null)[]) => ends.find((end) => end !== null) ?? bytes.length
  const piece = (start: number, end: number) => bytes.toString('utf8', start, end)
  const pieces = [head, piece(relation, upTo(set, from, where, returning))]
  if (from !== null) pieces.push(',', piece(from + (kind === 'UpdateStmt' ? 'from' : 'using').length, upTo(where, returning)))
  if (where !== null) pieces.push(piece(where, upTo(returning)))
  return pieces.join('\n') // a piece may end in a comment that only a new line ends
}

/** `text` has one character for each byte, because the parser's locations are bytes. Null when a clause is not where it must be. */
function placesOf(text: string, node: Tree, kind: string): Places | null {
  const isUpdate = kind === 'UpdateStmt'
  const [verb, others] = isUpdate ? ['update', ['from', node.fromClause] as const] : ['from', ['using', node.usingClause] as const]
  const found = [
    keyword(text, verb, node.relation),
    isUpdate ? keyword(text, 'set', node.targetList) : null,
    keyword(text, others[0], others[1]),
    keyword(text, 'where', node.whereClause),
    keyword(text, 'returning', node.returningClause),
  ] as const
  const [relation, set, from, where, returning] = found
  if (relation === null || found.includes(-1)) return null
  return { relation: relation + verb.length, set, from, where, returning }
}

/** Where the last such word before a clause's first place is: null without the clause, -1 when there is no such word. */
function keyword(text: string, word: string, clause: unknown): number | null {
  if (clause === undefined) return null
  const before = text.slice(0, firstPlace(clause))
  return [...before.matchAll(new RegExp(`\\b${word}\\b`, 'gi'))].at(-1)?.index ?? -1
}

function firstPlace(value: unknown): number {
  if (Array.isArray(value)) return Math.min(...value.map(firstPlace))
  if (!isTree(value)) return Infinity
  const own = typeof value.location === 'number' ? value.location : Infinity
  return Math.min(own, ...Object.values(value).map(firstPlace))
}

function isSameQuestion(counting: string, what: string, node: Tree, more: readonly unknown[]): boolean {
  try {
    const wanted = selectOf(`SELECT pg_catalog.${what} FROM x`)
    const asked = selectOf(counting)
    const { whereClause } = node
    const expected = { ...wanted, fromClause: [{ RangeVar: node.relation }, ...more], ...(whereClause === undefined ? {} : { whereClause }) }
    return asked !== null && JSON.stringify(withoutPlaces(asked)) === JSON.stringify(withoutPlaces(expected))
  } catch {
    return false // what cannot be parsed is not the same
  }
}

function selectOf(text: string): Tree | null {
  const [only, ...others] = parse(text)
  return only && others.length === 0 ? as('SelectStmt', { [only.kind]: only.node }) : null
}

const PLACES = new Set(['location', 'name_location', 'rexpr_list_start', 'rexpr_list_end', 'list_start', 'list_end'])

/** What a tree says: the same whatever the places and the order of its fields. */
function withoutPlaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlaces)
  if (!isTree(value)) return value
  const fields = Object.entries(value).filter(([name]) => !PLACES.has(name))
  return Object.fromEntries(fields.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, part]) => [name, withoutPlaces(part)]))
}

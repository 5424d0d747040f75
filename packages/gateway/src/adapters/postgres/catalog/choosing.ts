import { type Callable, type Objects, type UserCast, type UserType } from './facts.ts'
import { FIRST_USER_OID } from './queries.ts'

/** `text`, the preferred type of strings. */
const TEXT = 25
/** No SQL can give a value of it, so nothing that takes one can be called: `internal`. */
const INTERNAL = 2281

/** Which types a value in a statement may have. PostgreSQL's own: any of them. */
export interface Reach {
  has(type: number): boolean
}

/** Where nobody can say which types there are. */
export const EVERYTHING: Reach = { has: (type) => type !== INTERNAL }

/** The types that can be had from values of `seeds`: their elements, fields and bounds, and theirs. */
export function present(seeds: Iterable<number>, types: Objects['types']): ReadonlySet<number> {
  const found = new Set<number>()
  const left = [...seeds]
  for (let type = left.pop(); type !== undefined; type = left.pop()) {
    if (found.has(type)) continue
    found.add(type)
    left.push(...(types.get(type)?.parts ?? []))
  }
  return found
}

/** Those, and what the server turns one of them, or one of PostgreSQL's own, into without being asked. */
export function reachable(seeds: ReadonlySet<number>, { types, casts }: Pick<Objects, 'types' | 'casts'>): Reach {
  let found = present(seeds, types)
  const has = (type: number) => (type < FIRST_USER_OID ? type !== INTERNAL : found.has(type))
  const implicit = casts.filter((cast) => cast.implicit)
  for (;;) {
    const more = implicit.filter(({ source, target }) => has(source) && !has(target)).map(({ target }: UserCast) => target)
    if (more.length === 0) return { has }
    found = present([...found, ...more], types)
  }
}

/**
 * False only where the server cannot choose it (https://www.postgresql.org/docs/18/typeconv-func.html): one of its arguments has a type that
 * no value in the statement has. What remains is a literal, whose type the server guesses; it guesses a string, or gives up over several of one
 * category. So where PostgreSQL's own has the same name and the same other arguments, a type that is neither a string nor preferred is not guessed.
 */
export function mayBeChosen(candidate: Callable, own: readonly (readonly number[])[], reach: Reach, types: Objects['types']): boolean {
  const missing = candidate.args.map((type) => type !== 0 && !reach.has(type))
  if (!missing.includes(true)) return true
  if (candidate.args.includes(INTERNAL)) return false
  const guessed = candidate.args.map((type, index) => (missing[index] ? types.get(type) : undefined))
  if (missing.some((is, index) => is && isFirstGuess(guessed[index]))) return true
  return !own.some(
    (args) => args.length === candidate.args.length && args.every((type, index) => stands(type, candidate.args[index], missing[index], guessed[index])),
  )
}

/** A row type is no guess; what is not known may be. */
function isFirstGuess(type: UserType | undefined): boolean {
  return type === undefined || type.preferred
}

function stands(type: number, wanted: number | undefined, missing: boolean | undefined, guessed: UserType | undefined): boolean {
  if (!missing) return type === wanted
  return guessed?.category === 'S' ? type === TEXT : !POLYMORPHIC.has(type)
}

/** anyelement and its like, whose real type a literal does not tell (src/include/catalog/pg_type.dat). */
const POLYMORPHIC: ReadonlySet<number> = new Set([2276, 2277, 2283, 2776, 3500, 3831, 4537, 4538, 5077, 5078, 5079, 5080])

import { isOriginal } from './builtin.ts'
import type { Objects, Relation, UserFunction } from './facts.ts'
import type { Trust } from './trust.ts'

/** One view of a database: what is in it, which of its relations have been looked up, and what an operator vouches for. */
export interface World {
  readonly objects: Objects
  readonly trust: Trust
  /** PostgreSQL's own functions that somebody has replaced. */
  readonly replaced: readonly UserFunction[]
  /** All relations of a name; undefined before it was looked up. */
  named(name: string): readonly Relation[] | undefined
  numbered(oid: number): Relation | undefined
}

export function replacedIn({ rewritten }: Objects): readonly UserFunction[] {
  return rewritten.filter((each) => !isOriginal(each))
}

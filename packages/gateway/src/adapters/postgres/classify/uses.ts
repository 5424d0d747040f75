import { Cache } from './cache.ts'
import { list, text, tree, type Tree } from './tree.ts'

/** A name with its qualifiers: `['public', 'lower']`. */
export type Path = readonly string[]

/** `of.name`: a column of `of`, or a call of the function `name`. `of` is null where it is no name. */
export interface UsedAttribute {
  readonly of: string | null
  readonly name: string
}

/** What a name in FROM stands for: `relation` is null when it is no relation of the catalog, or when its columns were given other names. */
export interface Source {
  readonly alias: string
  readonly relation: Path | null
}

/**
 * The names in a statement to which only the live catalog gives a meaning, each once. Those that the grammar puts in (the `=` of IN, USING and
 * CASE) are among them. Plain data, because it crosses threads.
 */
export interface Uses {
  readonly functions: readonly Path[]
  readonly operators: readonly Path[]
  readonly types: readonly Path[]
  readonly relations: readonly Path[]
  readonly attributes: readonly UsedAttribute[]
  readonly sources: readonly Source[]
  /** A change of rows that is planned and does not run. */
  readonly plansChange?: boolean
}

/** No name holds a NUL: one parts the parts of a name, two part names. */
const PART = '\0'
const NAME = '\0\0'

/** What has been gathered before, by its names: statements that differ in their constants share one, so that what is found out about it is kept. */
const gathered = new Cache<Uses>(8192, 16 * 1024 * 1024)

/** Gathers what a walk meets: each name behind a letter that says what it is. */
export class Gathering {
  readonly #names = new Set<string>()

  function(path: Path): void {
    this.#names.add(`f${path.join(PART)}`)
  }

  type(path: Path): void {
    this.#names.add(`t${path.join(PART)}`)
  }

  relation(range: Tree): void {
    const name = text(range.relname) ?? ''
    const schema = text(range.schemaname)
    const written = schema === null ? name : schema + PART + name
    this.#names.add(`r${written}`)
    this.#source(range.alias, name, written)
  }

  /** Something in FROM that is no relation. */
  source(alias: unknown, name: string): void {
    this.#source(alias, name, null)
  }

  attribute(of: string | null, name: string): void {
    this.#names.add(of === null ? `a${name}` : `q${of}${PART}${name}`)
  }

  /** Written, or put in by the grammar: the server looks all of them up in the search_path. */
  operator(path: Path): void {
    if (path.length > 0) this.#names.add(`o${path.join(PART)}`)
  }

  /** Its type is the client's to say, and only the catalog knows what making a value of it runs. */
  parameter(): void {
    this.#names.add('p')
  }

  /** Null when there is nothing for the catalog to say. */
  uses(): Uses | null {
    if (this.#names.size === 0) return null
    const key = [...this.#names].join(NAME)
    const known = gathered.get(key)
    if (known) return known
    const uses = usesOf(this.#names)
    gathered.set(key, uses, 1024 + 8 * key.length)
    return uses
  }

  /** Columns that are renamed there are not the relation's own. */
  #source(alias: unknown, name: string, relation: string | null): void {
    const { aliasname, colnames } = tree(alias)
    const known = text(aliasname) ?? name
    this.#names.add(relation === null || list(colnames).length > 0 ? `n${known}` : `s${known}${PART}${relation}`)
  }
}

function usesOf(names: Iterable<string>): Uses {
  const of = Map.groupBy(names, (name) => name[0])
  const parts = (letter: string): readonly Path[] => (of.get(letter) ?? []).map((name) => name.slice(1).split(PART))
  return {
    functions: parts('f'),
    operators: parts('o'),
    types: parts('t'),
    relations: parts('r'),
    attributes: [...parts('a').map(([name = '']) => ({ of: null, name })), ...parts('q').map(([name = '', attribute = '']) => ({ of: name, name: attribute }))],
    sources: [...parts('n').map(([alias = '']) => ({ alias, relation: null })), ...parts('s').map(([alias = '', ...relation]) => ({ alias, relation }))],
  }
}

/** What two statements use that run as one: EXECUTE with arguments, and what it executes. */
export function together(one: Uses | null, other: Uses | null): Uses | null {
  if (one === null || other === null) return one ?? other
  return {
    functions: [...one.functions, ...other.functions],
    operators: [...one.operators, ...other.operators],
    types: [...one.types, ...other.types],
    relations: [...one.relations, ...other.relations],
    attributes: [...one.attributes, ...other.attributes],
    sources: [...one.sources, ...other.sources],
  }
}

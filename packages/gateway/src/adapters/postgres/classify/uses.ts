import { list, names, text, tree, type Tree } from './tree.ts'

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
}

const BETWEEN = new Set(['AEXPR_BETWEEN', 'AEXPR_NOT_BETWEEN', 'AEXPR_BETWEEN_SYM', 'AEXPR_NOT_BETWEEN_SYM'])

/** Gathers what a walk meets. */
export class Gathering {
  readonly #functions = new Distinct<Path>()
  readonly #operators = new Distinct<Path>()
  readonly #types = new Distinct<Path>()
  readonly #relations = new Distinct<Path>()
  readonly #attributes = new Distinct<UsedAttribute>()
  readonly #sources = new Distinct<Source>()

  function(path: Path): void {
    this.#functions.add(path)
  }

  type(path: Path): void {
    this.#types.add(path)
  }

  relation(range: Tree): void {
    const path = [range.schemaname, range.relname].flatMap((part) => text(part) ?? [])
    this.#relations.add(path)
    this.source(range.alias, path.at(-1) ?? '', path)
  }

  /** Something in FROM. Columns that are renamed there are not the relation's own. */
  source(alias: unknown, name: string, relation: Path | null): void {
    const { aliasname, colnames } = tree(alias)
    this.#sources.add({ alias: text(aliasname) ?? name, relation: list(colnames).length > 0 ? null : relation })
  }

  attribute(of: string | null, name: string): void {
    this.#attributes.add({ of, name })
  }

  /** The operators of a node, written or not: the server looks all of them up in the search_path. */
  operatorsOf(kind: string, node: Tree): void {
    for (const path of operatorsOf(kind, node)) this.#operators.add(path)
  }

  /** Null when there is nothing for the catalog to say. */
  uses(): Uses | null {
    const all = [this.#functions, this.#operators, this.#types, this.#relations, this.#attributes, this.#sources]
    if (all.every(({ values }) => values.length === 0)) return null
    return {
      functions: this.#functions.values,
      operators: this.#operators.values,
      types: this.#types.values,
      relations: this.#relations.values,
      attributes: this.#attributes.values,
      sources: this.#sources.values,
    }
  }
}

function operatorsOf(kind: string, node: Tree): readonly Path[] {
  switch (kind) {
    case 'A_Expr':
      return BETWEEN.has(text(node.kind) ?? '') ? [['>='], ['<=']] : [names(node.name)]
    case 'SubLink':
      if (names(node.operName).length > 0) return [names(node.operName)]
      return node.subLinkType === 'ANY_SUBLINK' ? [['=']] : []
    case 'SortBy':
      return names(node.useOp).length > 0 ? [names(node.useOp)] : []
    case 'CaseExpr':
      return node.arg === undefined ? [] : [['=']]
    case 'JoinExpr':
      return node.isNatural === true || list(node.usingClause).length > 0 ? [['=']] : []
    default:
      return []
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

/** Values in the order in which they came, each once. */
class Distinct<T> {
  readonly #seen = new Set<string>()
  readonly values: T[] = []

  add(value: T): void {
    const key = JSON.stringify(value)
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    this.values.push(value)
  }
}

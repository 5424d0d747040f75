import type { QueryLine } from '@countersign/contract/schemas/query'

type Line<K extends QueryLine['kind']> = Extract<QueryLine, { kind: K }>
export type Cell = string | null
export type Columns = Line<'columns'>['columns']
export type Failure = Line<'failed'>

/** What one statement gave. Without `tag` it is not over, or never came to its end. */
export interface Result {
  readonly kind: 'result'
  readonly statement: number
  readonly columns: Columns | null
  readonly rows: readonly (readonly Cell[])[]
  readonly tag: string | null
  readonly more: boolean
  readonly ms: number
}

/** What is shown of a run, in the order in which it came. */
export type Item = Result | Line<'notice'> | Failure

interface Building extends Omit<Result, 'columns' | 'rows' | 'tag' | 'more' | 'ms'> {
  columns: Columns | null
  rows: (readonly Cell[])[]
  tag: string | null
  more: boolean
  ms: number
}

/** Makes what is shown of a run out of its lines. */
export class Gatherer {
  readonly #items: (Building | Line<'notice'> | Failure)[] = []

  /** What came until now; a later line changes nothing of it. */
  get items(): readonly Item[] {
    return this.#items.map((item) => (item.kind === 'result' ? { ...item, rows: item.rows.slice() } : item))
  }

  add(line: QueryLine): void {
    switch (line.kind) {
      case 'columns':
        this.#result(line.statement).columns = line.columns
        return
      case 'rows': {
        const { rows } = this.#result(line.statement)
        for (const row of line.rows) rows.push(row)
        return
      }
      case 'done':
        Object.assign(this.#result(line.statement), { tag: line.tag, more: line.more, ms: line.ms })
        return
      case 'notice':
      case 'failed':
        this.#items.push(line)
        return
      case 'end':
    }
  }

  #result(statement: number): Building {
    const last = this.#items.findLast((item): item is Building => item.kind === 'result')
    if (last?.statement === statement) return last
    const result: Building = { kind: 'result', statement, columns: null, rows: [], tag: null, more: false, ms: 0 }
    this.#items.push(result)
    return result
  }
}

/** Something wrong in a file that the operator wrote. `line` and `column` start at 1. */
export interface Problem {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
}

/** `key` is the path of the key, `resources.orders-db.url`; empty for the document itself. */
export interface ConfigProblem extends Problem {
  readonly key: string
}

/** `countersign.yaml` cannot be used. The message names every problem with file, line and column, and never a value. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
    super(sorted.map(({ key, ...problem }) => formatProblem(problem, key)).join('\n'))
    this.name = 'ConfigError'
    this.problems = sorted
  }
}

/** `countersign.yaml:12:5: resources.orders-db: message` */
export function formatProblem({ file, line, column, message }: Problem, subject: string | null): string {
  return `${file}:${line}:${column}: ${subject ? `${subject}: ` : ''}${message}`
}

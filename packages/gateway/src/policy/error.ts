import { formatProblem, type Problem } from '../config/error.ts'

/** `policy` is the id of the policy it stands in, null when it has none or the file itself is the problem. */
export interface PolicyProblem extends Problem {
  readonly policy: string | null
}

/** The policies cannot be used. The message names every problem with file, line and column. */
export class PolicyError extends Error {
  readonly problems: readonly PolicyProblem[]

  constructor(problems: readonly PolicyProblem[]) {
    const sorted = problems.toSorted((a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column)
    super(sorted.map((problem) => formatProblem(problem, problem.policy)).join('\n'))
    this.name = 'PolicyError'
    this.problems = sorted
  }
}

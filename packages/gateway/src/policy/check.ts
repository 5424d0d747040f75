import { ConfigError, formatProblem, type Problem } from '../config/error.ts'
import { loadConfig } from '../config/load.ts'
import { createEngine } from './cedar.ts'
import { PolicyError } from './error.ts'
import { readPolicyFiles } from './load.ts'

/** `subject` is the policy's id or the configuration's key; empty when the file itself is meant. */
export interface Finding extends Problem {
  readonly subject: string
}

/** Everything wrong with a configuration and its policies, as `countersign policy check` prints it. */
export function checkPolicies(configFile: string): { readonly ok: boolean; readonly problems: readonly Finding[] } {
  try {
    const config = loadConfig(configFile)
    createEngine(config, readPolicyFiles(config.policies))
    return { ok: true, problems: [] }
  } catch (error) {
    return { ok: false, problems: findings(error) }
  }
}

/** One line for people, as the gateway says it when it does not start. */
export const describeFinding = (finding: Finding): string => formatProblem(finding, finding.subject)

function findings(error: unknown): readonly Finding[] {
  if (error instanceof ConfigError) return error.problems.map(({ key, ...problem }) => ({ ...problem, subject: key }))
  if (error instanceof PolicyError) return error.problems.map(({ policy, ...problem }) => ({ ...problem, subject: policy ?? '' }))
  throw error
}

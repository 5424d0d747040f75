import { join } from 'node:path'
import { cruise } from 'dependency-cruiser'
import extractConfig from 'dependency-cruiser/config-utl/extract-depcruise-config'

const ROOT = join(import.meta.dirname, '..')
const RULES = join(ROOT, '.dependency-cruiser.cjs')

/** Fewer modules than this means that the check saw nothing and would pass whatever the sources do (so it was with TypeScript 7). */
export const LEAST_MODULES = 200

export interface Violation {
  readonly rule: string
  readonly from: string
  readonly to: string
}

/** Judges the packages under `baseDir` (a tree laid out like this one) by the rules of `.dependency-cruiser.cjs`. */
export async function judge(baseDir: string): Promise<{ readonly modules: number; readonly violations: readonly Violation[] }> {
  const { forbidden = [], options } = await extractConfig(RULES)
  const { output } = await cruise(['packages'], { ...options, baseDir, validate: true, ruleSet: { forbidden } })
  if (typeof output === 'string') throw new Error('dependency-cruiser gave text where a result was asked for')
  const modules = output.modules.filter(({ source }) => /^packages\/[^/]+\/src\//.test(source)).length
  return { modules, violations: output.summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to })) }
}

/** The reason that each rule carries, by name. */
export async function reasons(): Promise<ReadonlyMap<string, string>> {
  const { forbidden = [] } = await extractConfig(RULES)
  return new Map(forbidden.map(({ name, comment }) => [name ?? '', comment ?? '']))
}

async function main(): Promise<void> {
  const { modules, violations } = await judge(ROOT)
  const why = await reasons()
  for (const { rule, from, to } of violations) console.error(`${from} -> ${to}\n  breaks ${rule}: ${why.get(rule) ?? ''}`)
  if (modules < LEAST_MODULES) console.error(`only ${modules} modules were seen where at least ${LEAST_MODULES} are: the check is blind`)
  console.log(`${modules} modules, ${why.size} rules, ${violations.length} violations`)
  if (violations.length > 0 || modules < LEAST_MODULES) process.exitCode = 1
}

if (import.meta.main) await main()

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Coverage } from './coverage.ts'

/**
 * Attacks every codec with messages that nobody honest sends, led by the coverage of the code under test.
 *
 *   node fuzz/main.ts [--messages 1000000] [--seed N] [--only SUBSTRING] [--json]
 *
 * `--messages` is for each codec and direction: a million takes seconds, the nightly hundred million a night. A finding is written to
 * fuzz/findings/ and ends the run with exit code 1; put its bytes into packages/wire/vectors/ when it is mended.
 */
const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: process.env['FUZZ_MESSAGES'] ?? '1000000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
})

// Almost every input is refused, and collecting its stack would take half of the time.
Error.stackTraceLimit = 0

const coverage = new Coverage(/\/packages\/(?:wire|gateway)\/src\//)
// The modules under test are loaded only now, so that their coverage is counted from the start.
const [{ fuzz }, { targets }] = [await import('./fuzzer.ts'), await import('./targets/all.ts')]

const chosen = targets.filter(({ name }) => name.includes(values.only))
if (chosen.length === 0) throw new Error(`--only ${values.only} matches none of: ${targets.map(({ name }) => name).join(', ')}`)
for (const target of chosen) {
  const start = performance.now()
  const report = await fuzz(target, coverage, { messages: Number(values.messages), seed: Number(values.seed) })
  const { messages, inputs, corpus, findings } = report
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  if (values.json) console.log(JSON.stringify(report))
  else console.log(`${target.name}: ${messages} messages in ${inputs} inputs, ${corpus} kept, ${findings.length} findings, seed ${values.seed}, ${seconds} s`)
  findings.forEach((finding, index) => keep(`${target.name}-${values.seed}-${index}`.replaceAll(/[^A-Za-z0-9]+/g, '-'), finding))
}
coverage.stop()

function keep(name: string, finding: { readonly hex: string; readonly cut: number; readonly error: string }): void {
  const folder = join(import.meta.dirname, 'findings')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(finding, null, 2)}\n`)
  console.error(`${finding.error}\n  ${finding.hex}, cut ${finding.cut}`)
  process.exitCode = 1
}

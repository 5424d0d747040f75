import { parseArgs } from 'node:util'
import { Differential } from '../tests/support/differential/differential.ts'

/** The differential test at any length, for the night: `node scripts/differential.ts --statements 1000000 [--seed 7] [--from 0] [--version 15] [--temporary]`. */
const { values } = parseArgs({
  options: {
    statements: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
    from: { type: 'string', default: '0' },
    version: { type: 'string' },
    temporary: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000))
const count = Number(values.statements)
console.log(`seed ${seed}, ${count} statements from ${values.from} on`)
await using differential = await Differential.open({ version: values.version === '15' ? 15 : 18, temporary: values.temporary })
let told = Date.now()
const tally = await differential.run(seed, count, {
  from: Number(values.from),
  tell: (line) => {
    if (Date.now() - told < 10_000) return
    told = Date.now()
    console.log(line)
  },
  found: (what) => console.log(JSON.stringify(what)),
})
console.log(JSON.stringify(tally, null, 2))
if (tally.failures.length > 0 || tally.statements < count) process.exitCode = 1

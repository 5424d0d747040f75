import { Coverage } from '../../../fuzz/coverage.ts'
import { fuzz } from '../../../fuzz/fuzzer.ts'

/** Attacks the parser beside this file, led by its coverage ("led") or by that of another file ("blind"), and prints the report. */
const coverage = new Coverage(process.argv[2] === 'led' ? /planted-bug\/parser\.ts$/ : /planted-bug\/no-such-file$/)
const { parse } = await import('./parser.ts')
const target = {
  name: 'planted',
  seeds: [new Uint8Array(8)],
  attempt(input: Uint8Array) {
    parse(input)
    return 1
  },
}
console.log(JSON.stringify(await fuzz(target, coverage, { messages: 200_000, seed: 1 })))
coverage.stop()

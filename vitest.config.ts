import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** These take minutes. One that begins when all others are done has the machine wait for it alone. */
const LONGEST = ['tests/gateway-killed-often', 'tests/fuzz', 'tests/postgres-accounts-gateways', 'packages/gateway/test/store/postgres']

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => LONGEST.some((name) => moduleId.endsWith(`/${name}.test.ts`))
    const sorted = await super.sort(files)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  test: {
    projects: [
      // What is tested in the test's own process is loaded once for all files.
      { extends: true, test: { name: 'packages', include: ['packages/*/test/**/*.test.ts'], isolate: false } },
      { extends: true, test: { name: 'whole', include: ['tests/**/*.test.ts'], exclude: ['tests/architecture/planted/**'] } },
    ],
    // Real servers are started, and machines have few cores: few files run at once.
    pool: 'forks',
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // Gateways and command lines are started hundreds of times: what V8 has compiled once is kept for the next, which halves the time of a start.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, '.tmp/compile-cache') },
    testTimeout: 20_000,
    expect: { poll: { timeout: 10_000 } },
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    reporters: process.env['CI'] ? ['default'] : ['dot'],
  },
})

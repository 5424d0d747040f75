import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'tests/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', 'tests/architecture/planted/**'],
    // Real servers are started, and machines have few cores: a file is a process, and few of them run at once.
    pool: 'forks',
    maxWorkers: 3,
    // Gateways and command lines are started hundreds of times: what V8 has compiled once is kept for the next, which halves the time of a start.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, '.tmp/compile-cache') },
    testTimeout: 20_000,
    expect: { poll: { timeout: 10_000 } },
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    reporters: process.env['CI'] ? ['default'] : ['dot'],
  },
})

import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'tests/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', 'tests/architecture/planted/**'],
    // Real servers are started, and machines have few cores: a file is a process, and few of them run at once.
    pool: 'forks',
    maxWorkers: 3,
    testTimeout: 20_000,
    expect: { poll: { timeout: 10_000 } },
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    reporters: process.env['CI'] ? ['default'] : ['dot'],
  },
})

import { defineConfig } from 'tsdown'

/**
 * What is published is JavaScript, because Node does not strip types under node_modules: the command line, the gateway
 * that it starts as a process of its own, and the worker that owns SQLite, side by side in dist/. The workspace's own
 * sources are bundled; whatever comes from npm stays a dependency of this package.
 */
export default defineConfig({
  entry: { main: 'src/main.ts', gateway: '../gateway/src/main.ts', 'sqlite-worker': '../gateway/src/store/sqlite/worker.ts' },
  platform: 'node',
  target: 'node24',
  format: 'esm',
  fixedExtension: false,
  dts: false,
  deps: { alwaysBundle: [/^@countersign\//], onlyBundle: [] },
})

import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'tsdown'

const SWAGGER_UI = dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')))

/**
 * What is published is JavaScript, because Node does not strip types under node_modules: the command line, the gateway
 * that it starts as a process of its own, that process's own workers (protocols, where there are cores for it), and its threads (SQLite, the journal's drain, the ledger's tree, reports, recordings, long statements), side by side in dist/. The workspace's own
 * sources are bundled; whatever comes from npm stays a dependency of this package, but for the web console, which is built for a browser (scripts/console.ts),
 * and the two files of Swagger UI that packages/gateway/src/api/docs.ts serves, and their licence: swagger-ui-dist depends on a package that reports installations.
 */
export default defineConfig({
  entry: {
    main: 'src/main.ts',
    gateway: '../gateway/src/main.ts',
    'gateway-worker': '../gateway/src/worker.ts',
    'sqlite-worker': '../gateway/src/store/sqlite/worker.ts',
    'drain-worker': '../gateway/src/journal/worker.ts',
    'ledger-worker': '../gateway/src/ledger/worker.ts',
    'evidence-worker': '../gateway/src/evidence/worker.ts',
    'recordings-worker': '../gateway/src/recordings/worker.ts',
    'parser-worker': '../gateway/src/adapters/postgres/classify/worker.ts',
  },
  platform: 'node',
  target: 'node24',
  format: 'esm',
  fixedExtension: false,
  dts: false,
  deps: { alwaysBundle: [/^@countersign\//], onlyBundle: [] },
  copy: [
    ...['index.html', 'favicon.svg', 'service-worker.js', 'assets'].map((name) => ({ from: `../console/dist/${name}`, to: 'dist/console' })),
    ...['swagger-ui.css', 'swagger-ui-bundle.js', 'swagger-ui-bundle.js.LICENSE.txt', 'LICENSE', 'NOTICE'].map((name) => ({
      from: join(SWAGGER_UI, name),
      to: 'dist/swagger-ui',
    })),
  ],
})

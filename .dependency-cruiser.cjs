/**
 * The second fence: what may import what (ARCHITECTURE.md has the table). Every rule says why it is there, and has one
 * planted violation under tests/architecture/planted/<rule> that proves it bites. Run by `node scripts/dependencies.ts`.
 */
const PACKAGES = '^packages/'
const GATEWAY = `${PACKAGES}gateway/src/`

/** Files under `from` may import what matches `allowed`, and nothing else, be it ours, Node's or npm's. */
const only = (name, from, allowed, comment) => ({ name, comment, severity: 'error', from: { path: from }, to: { pathNot: allowed } })

/** Files under `from` may import whatever they like but `forbidden`. */
const never = (name, from, forbidden, comment) => ({ name, comment, severity: 'error', from: { path: from }, to: { path: forbidden } })

/** An interface that others may see, beside an implementation that they may not. */
const PORTS = [`${GATEWAY}(?:store/store|journal/journal|policy/engine|identity/caller|config/config|clock)[.]ts$`]

/** What an adapter may see, and the one file of an adapter that may see the disk. */
const ADAPTER = [
  `${PACKAGES}(?:core|wire)/src/`,
  `${GATEWAY}adapters/`,
  'node_modules/libpg-query/',
  '^(?:node:)?(?:crypto|stream|events|timers)(?:/promises)?$',
]
const PARSER = `${GATEWAY}adapters/postgres/classify/parser[.]ts$`
const PARSER_THREAD = `${GATEWAY}adapters/postgres/classify/(?:aside|worker)[.]ts$`

/** The one file of the journal that opens the store. */
const DRAIN_THREAD = `${GATEWAY}journal/worker[.]ts$`

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'modules that need each other cannot be read, tested or replaced one at a time',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'everything-resolves',
      comment: 'an import that this check cannot follow is an import that no rule below has judged',
      severity: 'error',
      from: { path: PACKAGES },
      to: { couldNotResolve: true },
    },
    {
      name: 'dependencies-are-declared',
      comment: 'package.json is the first fence: what it does not name is only there by accident of how npm lays things out',
      severity: 'error',
      from: { path: `${PACKAGES}[^/]+/src/` },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    never('sources-without-tests', `${PACKAGES}[^/]+/src/`, ['/test/', '^tests/', '^bench/', '^scripts/'], 'what ships must not need what only tests have'),
    only('core-is-a-leaf', `${PACKAGES}core/src/`, [`${PACKAGES}core/src/`], 'the domain is values: no I/O, no clock, no npm'),
    only('wire-is-a-leaf', `${PACKAGES}wire/src/`, [`${PACKAGES}wire/src/`, '^(?:node:)?crypto$'], 'codecs turn bytes into messages; sockets are not theirs'),
    only('ledger-is-a-leaf', `${PACKAGES}ledger/src/`, [`${PACKAGES}ledger/src/`, '^(?:node:)?crypto$'], 'an auditor runs it without the gateway'),
    only(
      'contract-is-schemas',
      `${PACKAGES}contract/src/`,
      [`${PACKAGES}contract/src/`, 'node_modules/(?:zod|@hono/zod-openapi)/'],
      'one source for server, OpenAPI, CLI and console, so it may depend on none of them',
    ),
    only(
      'cli-speaks-the-contract',
      `${PACKAGES}cli/src/`,
      [`${PACKAGES}(?:cli|contract|ledger)/src/`, 'node_modules/', '^(?:node:)?[a-z_/]+$'],
      'whatever the CLI can do, anybody can do over the API; it verifies a ledger without a gateway',
    ),
    only(
      'console-speaks-the-contract',
      `${PACKAGES}console/src/`,
      [`${PACKAGES}(?:console|contract)/src/`, 'node_modules/'],
      'it runs in a browser, and whatever it can do anybody can do over the API',
    ),
    {
      name: 'adapter-is-an-island',
      comment: 'an adapter gets everything it may do to the world from its session: no store, no API, no sockets of its own',
      severity: 'error',
      from: { path: `${GATEWAY}adapters/`, pathNot: [PARSER, PARSER_THREAD] },
      to: { pathNot: ADAPTER },
    },
    only(
      'parser-loads-its-grammar',
      PARSER,
      [...ADAPTER, '^(?:node:)?(?:module|fs/promises)$'],
      'it reads one file, the WebAssembly of its protocol library, and nothing else',
    ),
    only(
      'parser-may-have-a-thread',
      PARSER_THREAD,
      [...ADAPTER, '^(?:node:)?worker_threads$'],
      'a long statement would hold up every connection, so it is parsed in a thread, and that thread does nothing else',
    ),
    {
      name: 'adapters-do-not-mix',
      comment: 'a protocol can be added or taken away without reading another',
      severity: 'error',
      from: { path: `${GATEWAY}adapters/([^/]+)/` },
      to: { path: `${GATEWAY}adapters/[^/]+/`, pathNot: `${GATEWAY}adapters/$1/` },
    },
    only(
      'workflow-sees-ports',
      `${GATEWAY}workflow/`,
      [`${PACKAGES}(?:core|ledger)/src/`, `${GATEWAY}workflow/`, ...PORTS, '^(?:node:)?crypto$'],
      'what happens to a request must not depend on which store, journal or protocol there is',
    ),
    never(
      'session-sees-no-edge',
      `${GATEWAY}session/`,
      [`${GATEWAY}(?:api|net|leases)/`, `${GATEWAY}adapters/[^/]+/`, `${GATEWAY}store/(?!store[.]ts)`],
      'one decision point for every door: it must not know which door, nor which store',
    ),
    never(
      'api-sees-the-workflow',
      `${GATEWAY}api/`,
      [
        `${GATEWAY}adapters/[^/]+/`,
        `${GATEWAY}net/`,
        `${GATEWAY}store/(?!store[.]ts)`,
        `${PACKAGES}(?:cli|wire)/src/`,
        'node_modules/(?:kysely|pg|@cedar-policy)/',
        '^(?:node:)?(?:sqlite|net|tls)$',
      ],
      'a route checks who asks and hands over; rules that lived in a route would not hold at another door',
    ),
    only(
      'store-knows-the-domain',
      `${GATEWAY}store/`,
      [`${PACKAGES}core/src/`, `${GATEWAY}(?:store|config)/`, 'node_modules/(?:kysely|pg|@types/pg|zod)/', '^(?:node:)?[a-z_/]+$'],
      'rows in, values out: a store that called back into the workflow could not be replaced',
    ),
    never(
      'policy-decides-alone',
      `${GATEWAY}policy/`,
      [`${GATEWAY}(?:adapters|session|store|net|identity|leases|api|workflow|journal)/`, `${PACKAGES}(?:cli|wire|contract|ledger)/src/`],
      'a decision is a function of policy and of what is asked, so that it can be explained and replayed',
    ),
    never(
      'journal-records-only',
      `${GATEWAY}journal/`,
      [`${GATEWAY}(?:adapters|session|net|leases|api|workflow|policy)/`, `${PACKAGES}(?:cli|wire|contract)/src/`],
      'it records what it is told; recording must not depend on who tells it',
    ),
    {
      name: 'journal-drains-in-a-thread',
      comment: 'no statement may wait for the store: only the thread that moves entries there opens it',
      severity: 'error',
      from: { path: `${GATEWAY}journal/`, pathNot: DRAIN_THREAD },
      to: { path: [`${GATEWAY}store/(?!store[.]ts)`, 'node_modules/(?:kysely|pg)/'] },
    },
    never(
      'workers-do-not-open-the-store',
      `${GATEWAY}(?:worker[.]ts$|protocols[.]ts$|workers/)`,
      [`${GATEWAY}(?:api/|store/(?!store[.]ts|remote/))`, 'node_modules/(?:kysely|pg)/', '^(?:node:)?sqlite$'],
      'one process owns SQLite, and what a protocol worker may ask of it is a list: a worker asks its gateway',
    ),
    {
      name: 'main-is-the-root',
      comment: 'one file for each kind of process wires it, so that everything else can be wired otherwise in a test',
      severity: 'error',
      from: { path: `${PACKAGES}[^/]+/src/`, pathNot: `${GATEWAY}(?:main|worker)[.]ts$` },
      to: { path: `${GATEWAY}(?:main|worker)[.]ts$` },
    },
    {
      name: 'nobody-imports-the-cli',
      comment: 'the CLI and the console are the outermost parts',
      severity: 'error',
      from: { pathNot: `${PACKAGES}(?:cli|console)/` },
      to: { path: `${PACKAGES}(?:cli|console)/` },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(?:^|/)(?:dist|bin)/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types', 'default'] },
  },
}

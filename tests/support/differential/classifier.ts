import { connect } from 'node:net'
import type { Target } from '../../../packages/gateway/src/adapters/adapter.ts'
import { LiveCatalog } from '../../../packages/gateway/src/adapters/postgres/catalog/live.ts'
import { classify, loadGrammar } from '../../../packages/gateway/src/adapters/postgres/classify.ts'
import { meant, usesOf } from '../../../packages/gateway/src/adapters/postgres/readable.ts'
import type { PostgresServer } from '../postgres.ts'

/** Where a fresh session of these tests looks names up. */
const PATH = ['pg_catalog', 'public']

/** The gateway's own judgement of a text, with the live catalog of a server. */
export class Classifier implements Disposable {
  readonly #catalog: LiveCatalog

  private constructor(catalog: LiveCatalog) {
    this.#catalog = catalog
  }

  /** `trusted` are functions that an operator vouches for: a false one is the bug that the test must find. */
  static async of(server: PostgresServer, trusted: readonly string[]): Promise<Classifier> {
    await loadGrammar()
    return new Classifier(new LiveCatalog(targetOf(server, trusted), () => null))
  }

  /** True for what runs unheld wherever reads do: `sql:read` and `sql:session`. */
  async isRead(text: string): Promise<boolean> {
    const uses = usesOf(classify(text, { trusted: this.#catalog.trusted }))
    const judge = await this.#catalog.judge(uses, PATH)
    const { type } = meant(classify(text, { trusted: this.#catalog.trusted }), judge)
    return type === 'sql:read' || type === 'sql:session'
  }

  [Symbol.dispose](): void {
    this.#catalog.close()
  }
}

function targetOf({ host, port, superuser, password }: PostgresServer, trusted: readonly string[]): Target {
  return {
    resource: 'throw-away',
    server: `${host}:${port}`,
    database: 'postgres',
    username: superuser,
    accounts: null,
    tls: 'disable',
    trustedFunctions: trusted,
    trustedExtensions: [],
    catalogMaxAgeMs: 1_000,
    countUpToCost: 0,
    holdInTransactionMs: 0,
    password: () => Promise.resolve(password),
    dial: () =>
      new Promise((resolve, reject) => {
        const socket = connect({ host, port, noDelay: true }, () => resolve(socket))
        socket.once('error', reject)
      }),
    startTls: (stream) => Promise.resolve({ stream, certificate: null, protocol: null }),
  }
}

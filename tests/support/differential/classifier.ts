import { connect } from 'node:net'
import type { Target } from '../../../packages/gateway/src/adapters/adapter.ts'
import { LiveCatalog } from '../../../packages/gateway/src/adapters/postgres/catalog/live.ts'
import type { SearchPath } from '../../../packages/gateway/src/adapters/postgres/catalog/meaning.ts'
import { loadGrammar } from '../../../packages/gateway/src/adapters/postgres/classify.ts'
import { Names } from '../../../packages/gateway/src/adapters/postgres/names.ts'
import { changesOf, meant, read, usesOf } from '../../../packages/gateway/src/adapters/postgres/readable.ts'
import type { PostgresServer } from '../postgres.ts'

/** What a server says of a session that reads literals as the parser does. */
const SETTINGS = new Map([
  ['standard_conforming_strings', 'on'],
  ['client_encoding', 'UTF8'],
])

/** The gateway's own judgement of a text, with the live catalog of a server. */
export class Classifier implements Disposable {
  readonly #catalog: LiveCatalog
  readonly #path: SearchPath

  private constructor(catalog: LiveCatalog, path: SearchPath) {
    this.#catalog = catalog
    this.#path = path
  }

  /** `path` is where the session looks names up; `trusted` are functions that an operator vouches for: a false one is the bug that the test must find. */
  static async of(server: PostgresServer, path: SearchPath, trusted: readonly string[], extensions: readonly string[]): Promise<Classifier> {
    await loadGrammar()
    const catalog = new LiveCatalog(targetOf(server, trusted, extensions), () => null)
    await catalog.read([], path) // what the extensions brought is known from then on
    return new Classifier(catalog, path)
  }

  /** True for messages that all run unheld wherever reads do, one after the other in a session of their own: `sql:read` and `sql:session`. */
  async isRead(messages: readonly string[]): Promise<boolean> {
    const names = new Names()
    for (const text of messages) {
      const { classified } = read(text, this.#catalog.trusted, names, SETTINGS)
      const { type } = meant(classified, await this.#catalog.judge(usesOf(classified), this.#path))
      if (type !== 'sql:read' && type !== 'sql:session') return false
      for (const change of changesOf(classified)) names.confirm(change)
    }
    return true
  }

  [Symbol.dispose](): void {
    this.#catalog.close()
  }
}

function targetOf({ host, port, superuser, password }: PostgresServer, trusted: readonly string[], extensions: readonly string[]): Target {
  return {
    resource: 'throw-away',
    server: `${host}:${port}`,
    database: 'postgres',
    username: superuser,
    accounts: null,
    tls: 'disable',
    trustedFunctions: trusted,
    trustedExtensions: extensions,
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

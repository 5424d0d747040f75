import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { createClient } from '@countersign/contract/client'
import type { Grant } from '@countersign/contract/schemas/grant'
import { define, perform } from '../command.ts'
import { settings } from '../connection.ts'
import { moment } from '../format.ts'
import { type Reached, reach } from '../postgres-target.ts'
import { libpqEnvironment, type PostgresTarget, type Purpose, runPsql } from '../psql.ts'

const EXAMPLES = ['countersign connect orders-db --reason INC-7', "countersign connect orders-db -- -c 'SELECT count(*) FROM orders'"]

/** Opens psql on a resource; its exit code is this command's. */
export function addConnect(program: Command): void {
  define(program, 'connect <resource> [args...]', 'Open psql on a resource, with everything filled in', EXAMPLES)
    .usage('<resource> [options] [-- psql arguments]')
    .option('--reason <text>', 'why; every request of this session carries it')
    .option('--ticket <id>', 'the ticket that policy asks for, when the reason is not it')
    .action(
      perform(async (out, name: string, args: readonly string[], purpose: Purpose) => {
        const mine = settings()
        const client = createClient(mine)
        const [reached, grants] = await Promise.all([reach(client, mine, name, purpose), client.grants({ live: true })])
        out.note(banner(reached, grants))
        return withCertificate(reached.target, (file) => runPsql(libpqEnvironment(process.env, reached.target, file), args))
      }),
    )
}

/** `orders-db (production) as alice@example.com · reads run · writes need 1 of dba · ends 15:02` */
function banner({ resource: { name, labels, summary, sessionMs }, me }: Reached, grants: readonly Grant[]): string {
  const access = grants.find(
    ({ resource, subject, coverage, session }) =>
      resource === name && subject.id === me.id && session === null && coverage.kind === 'scope' && coverage.scope === 'connect',
  )
  const parts = [
    `${name}${labels['env'] ? ` (${labels['env']})` : ''} as ${me.id}`,
    ...(summary.connect === 'runs' || access ? [] : [outlook('connecting', summary.connect)]),
    outlook('reads', summary.read),
    outlook('writes', summary.write),
    `ends ${moment(access?.endsAt ?? new Date(Date.now() + sessionMs).toISOString())}`,
  ]
  return parts.join(' · ')
}

/** `runs` and `needs 1 of dba` are said of one action; these are many. */
function outlook(what: string, said: string): string {
  const plural = what === 'connecting' ? said : said.replace(/^runs/, 'run').replace(/^needs/, 'need')
  return said === 'never' ? `${what} never run` : `${what} ${plural}`
}

/** libpq reads the certificate to trust from a file; nobody else can put another one there. */
async function withCertificate(target: PostgresTarget, use: (file: string | null) => Promise<number>): Promise<number> {
  if (target.certificate === null) return use(null)
  const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
  try {
    const file = join(folder, 'gateway.pem')
    writeFileSync(file, target.certificate, { mode: 0o600 })
    return await use(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

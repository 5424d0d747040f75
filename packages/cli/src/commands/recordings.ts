import type { Client } from '@countersign/contract/client'
import type { Recording } from '@countersign/contract/schemas/recording'
import { size } from '@countersign/contract/transcript'
import { visible } from '@countersign/contract/visible'
import { type Command, InvalidArgumentError } from 'commander'
import { gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import { duration, moment, shorten } from '../format.ts'
import type { Output } from '../output.ts'

interface Options extends GatewayOptions {
  readonly search?: string
  readonly object?: string
  readonly principal?: string
  readonly resource?: string
  readonly from?: string
  readonly until?: string
  readonly limit?: number
}

const EXAMPLES = [
  'countersign recordings',
  'countersign recordings --search "delete from" --resource orders-db --from 2026-11-01',
  'countersign recordings --object orders --principal alice@example.com/claude --json',
]

const LIMIT = 50
/** What the API gives at once. */
const PAGE = 200

export function addRecordings(program: Command): void {
  gatewayOptions(define(program, 'recordings', 'List and search the recordings of sessions, newest first', EXAMPLES))
    .option('--search <text>', 'those with a statement that has this in it, whatever its case')
    .option('--object <table>', 'those with a statement that names this table')
    .option('--principal <who>', 'of this user, or agent (`alice@example.com/claude`)')
    .option('--resource <name>', 'on this resource')
    .option('--from <time>', 'sessions that ended after this (`2026-11-01`, `2026-11-01T08:00Z`)', parseTime)
    .option('--until <time>', 'sessions that began before this', parseTime)
    .option('--limit <number>', `as many at most (default: ${LIMIT})`, parseLimit)
    .action(
      perform(async (out, options: Options) => {
        const recordings = await withClient(options, (client) => collect(client, options))
        if (out.json) out.data(recordings)
        else tell(out, recordings)
        return EXIT.ok
      }),
    )
}

/** A search answers after a while with what it has, and says where to go on. */
async function collect(client: Client, { search: text, object, principal, resource, from, until, limit = LIMIT }: Options): Promise<readonly Recording[]> {
  const found: Recording[] = []
  let after: string | null = null // where the next page begins
  do {
    const page: Awaited<ReturnType<Client['recordings']>> = await client.recordings({
      text,
      object,
      principal,
      resource,
      from,
      until,
      after: after ?? undefined,
      limit: Math.min(limit - found.length, PAGE),
    })
    found.push(...page.recordings)
    after = page.next
  } while (after !== null && found.length < limit)
  return found
}

function tell(out: Output, recordings: readonly Recording[]): void {
  const rows = recordings.map((each) => [
    each.session,
    each.principal,
    each.resource,
    moment(each.startedAt),
    duration(Date.parse(each.endedAt) - Date.parse(each.startedAt)),
    `${each.statements}${each.failed > 0 ? ` (${each.failed} not done)` : ''}`,
    `${each.rows}, ${size(each.answered)}`,
    each.deleted === null ? (each.broken ?? '') : `deleted ${moment(each.deleted.at)} (${each.deleted.why})`,
  ])
  out.table(['SESSION', 'PRINCIPAL', 'RESOURCE', 'STARTED', 'LASTED', 'STATEMENTS', 'ROWS', ''], rows, 'no recordings')
  for (const { session, matches } of recordings) {
    for (const { at, action, text } of matches?.first ?? []) out.line(visible(`${session}  ${moment(at)}  ${action}  ${shorten(text)}`))
    if (matches && matches.count > matches.first.length) out.line(visible(`${session}  and ${matches.count - matches.first.length} more`))
  }
}

function parseTime(text: string): string {
  const time = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isFinite(time)) return new Date(time).toISOString()
  throw new InvalidArgumentError('A time is 2026-11-25 (UTC) or 2026-11-25T15:30Z.')
}

function parseLimit(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('A limit is a whole number from 1 on.')
}

import { type Command, Option } from 'commander'
import { fullId, gatewayOptions, parseDuration, parseRows, parseUntil, parseUses } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { CliError, EXIT } from '../error.ts'
import { outcomeLine } from '../format.ts'
import { showRequest } from '../show-request.ts'

interface ApproveOptions extends GatewayOptions {
  readonly comment?: string
  readonly shape?: true
  readonly rows?: number
  readonly uses?: number
  readonly until?: string
  readonly for?: string
}

/** Exactly the action that was asked for, once, unless `--shape` or `--for` says more. */
export function addApprove(program: Command): void {
  gatewayOptions(
    define(program, 'approve <id>', 'Approve a request', ['countersign approve req-7kq2 --comment "matches INC-7"', 'countersign approve req-7kq2 --for 15m']),
  )
    .option('--comment <text>', 'shown to the requester')
    .option('--shape', 'the same statement with other values too, as long as @grants says or until the request would have expired')
    .addOption(new Option('--rows <number>', 'with --shape: only while the statement is known to touch that many rows at most').argParser(parseRows))
    .addOption(new Option('--uses <number>', 'with --shape: at most that many statements').argParser(parseUses))
    .addOption(new Option('--until <time>', 'with --shape: no longer than until then, 15:30 (local time) or 2026-11-25T15:30Z').argParser(parseUntil))
    .addOption(new Option('--for <duration>', 'this type of action, or with --shape this shape, for that long: 90s, 30m, 8h').argParser(parseDuration))
    .action(
      perform(async (out, id: string, { comment, shape, rows, uses, until, for: time, ...options }: ApproveOptions) => {
        const bounds = { maxRows: rows, uses, until, for: shape ? time : undefined }
        if (!shape) assertNoBounds({ rows, uses, until })
        const body = {
          ...(comment === undefined ? {} : { comment }),
          ...(shape ? { shape: bounds } : {}),
          ...(shape || time === undefined ? {} : { for: time }),
        }
        const request = await withClient(options, (client) => client.approve({ id: fullId('req', id), ...body }))
        if (out.json) out.data(request)
        else {
          showRequest(out, request)
          out.line()
          out.line(outcomeLine(request))
        }
        return EXIT.ok
      }),
    )
}

function assertNoBounds(bounds: Readonly<Record<string, unknown>>): void {
  const given = Object.keys(bounds).find((name) => bounds[name] !== undefined)
  if (given !== undefined) throw new CliError('usage', `--${given} bounds a shape: give --shape too`)
}

import { type Command, Option } from 'commander'
import { fullId, gatewayOptions, parseDuration, parseRows } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { CliError, EXIT } from '../error.ts'
import { outcomeLine } from '../format.ts'
import { showRequest } from '../show-request.ts'

interface ApproveOptions extends GatewayOptions {
  readonly comment?: string
  readonly shape?: true
  readonly rows?: number
  readonly for?: string
}

/** Exactly the action that was asked for, once, unless `--shape` or `--for` says more. */
export function addApprove(program: Command): void {
  gatewayOptions(
    define(program, 'approve <id>', 'Approve a request', ['countersign approve req-7kq2 --comment "matches INC-7"', 'countersign approve req-7kq2 --for 15m']),
  )
    .option('--comment <text>', 'shown to the requester')
    .addOption(new Option('--shape', 'the same statement with other values too, until the request would have expired').conflicts('for'))
    .addOption(new Option('--rows <number>', 'with --shape: only while the statement is known to touch that many rows at most').argParser(parseRows))
    .addOption(new Option('--for <duration>', 'this type of action on this resource for that long: 90s, 30m, 8h').argParser(parseDuration))
    .action(
      perform(async (out, id: string, { comment, shape, rows, for: time, ...options }: ApproveOptions) => {
        if (rows !== undefined && !shape) throw new CliError('usage', '--rows bounds a shape: give --shape too')
        const body = {
          ...(comment === undefined ? {} : { comment }),
          ...(shape ? { shape: rows === undefined ? {} : { maxRows: rows } } : {}),
          ...(time === undefined ? {} : { for: time }),
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

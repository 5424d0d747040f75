import type { Command } from 'commander'
import { gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import { askLine, countdown } from '../format.ts'

export function addRequests(program: Command): void {
  gatewayOptions(define(program, 'requests', 'List requests, newest first', ['countersign requests --inbox', 'countersign requests --json']))
    .option('--inbox', 'only those that wait for your review')
    .action(
      perform(async (out, options: GatewayOptions & { readonly inbox?: true }) => {
        const inbox = options.inbox === true
        const requests = await withClient(options, (client) => client.requests(inbox ? { inbox } : {}))
        if (out.json) out.data(requests)
        else {
          const rows = requests.map((request) => [
            request.id,
            request.status,
            request.requester.id,
            request.resource,
            askLine(request),
            request.status === 'pending' ? (request.needs.missing ?? '') : '',
            request.status === 'pending' ? countdown(request.expiresAt) : '',
          ])
          out.table(
            ['REQUEST', 'STATUS', 'REQUESTER', 'RESOURCE', 'ASKS FOR', 'NEEDS', 'EXPIRES'],
            rows,
            inbox ? 'nothing waits for your review' : 'no requests',
          )
        }
        return EXIT.ok
      }),
    )
}

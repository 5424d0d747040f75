import type { Command } from 'commander'
import { fullId, gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import { outcomeLine } from '../format.ts'

export function addDeny(program: Command): void {
  gatewayOptions(define(program, 'deny <id>', 'Deny a request', ['countersign deny req-7kq2 --comment "not during the freeze"']))
    .requiredOption('--comment <text>', 'why; shown to the requester')
    .action(
      perform(async (out, id: string, { comment, ...options }: GatewayOptions & { readonly comment: string }) => {
        const request = await withClient(options, (client) => client.deny({ id: fullId('req', id), comment }))
        if (out.json) out.data(request)
        else out.line(outcomeLine(request))
        return EXIT.ok
      }),
    )
}

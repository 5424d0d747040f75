import type { Command } from 'commander'
import { fullId, gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import { sessionTable } from '../session-table.ts'

export function addKill(program: Command): void {
  gatewayOptions(define(program, 'kill <session>', 'Cut a session; its grant stays as it is', ['countersign kill ses-9h3t --reason "runaway query"']))
    .option('--reason <text>', 'shown to its client')
    .action(
      perform(async (out, id: string, { reason, ...options }: GatewayOptions & { readonly reason?: string }) => {
        const session = await withClient(options, (client) => client.kill({ id: fullId('ses', id), ...(reason === undefined ? {} : { reason }) }))
        if (out.json) out.data(session)
        else sessionTable(out, [session], '')
        return EXIT.ok
      }),
    )
}

import type { Command } from 'commander'
import { fullId, gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import { grantTable } from '../grant-table.ts'

export function addRevoke(program: Command): void {
  gatewayOptions(
    define(program, 'revoke <grant>', 'Take a grant back, and cut the connections under it', ['countersign revoke grant-4m2x --reason "wrong cluster"']),
  )
    .option('--reason <text>', 'shown to its subject')
    .action(
      perform(async (out, id: string, { reason, ...options }: GatewayOptions & { readonly reason?: string }) => {
        const grant = await withClient(options, (client) => client.revoke({ id: fullId('grant', id), ...(reason === undefined ? {} : { reason }) }))
        if (out.json) out.data(grant)
        else grantTable(out, [grant], '')
        return EXIT.ok
      }),
    )
}

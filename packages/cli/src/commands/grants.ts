import type { Command } from 'commander'
import { gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import { grantTable } from '../grant-table.ts'

export function addGrants(program: Command): void {
  gatewayOptions(define(program, 'grants', 'List live grants, newest first', ['countersign grants', 'countersign grants --all --json']))
    .option('--all', 'those that have ended too')
    .action(
      perform(async (out, options: GatewayOptions & { readonly all?: true }) => {
        const grants = await withClient(options, (client) => client.grants({ live: !options.all }))
        if (out.json) out.data(grants)
        else grantTable(out, grants, options.all ? 'no grants' : 'no live grants')
        return EXIT.ok
      }),
    )
}

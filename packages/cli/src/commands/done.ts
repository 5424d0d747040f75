import type { Command } from 'commander'
import { gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import { grantTable } from '../grant-table.ts'

export function addDone(program: Command): void {
  gatewayOptions(
    define(program, 'done [resource]', 'You have finished: end your grants, on one resource or on all, and cut the connections under them', [
      'countersign done orders-db',
      'countersign done',
    ]),
  ).action(
    perform(async (out, resource: string | undefined, options: GatewayOptions) => {
      const ended = await withClient(options, (client) => client.done(resource === undefined ? {} : { resource }))
      if (out.json) out.data(ended)
      else grantTable(out, ended, 'there was no live grant to end')
      return EXIT.ok
    }),
  )
}

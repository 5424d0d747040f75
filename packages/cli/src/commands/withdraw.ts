import type { Command } from 'commander'
import { fullId, gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import { outcomeLine } from '../format.ts'

export function addWithdraw(program: Command): void {
  gatewayOptions(define(program, 'withdraw <id>', 'Take back a request of your own', ['countersign withdraw req-7kq2'])).action(
    perform(async (out, id: string, options: GatewayOptions) => {
      const request = await withClient(options, (client) => client.withdraw({ id: fullId('req', id) }))
      if (out.json) out.data(request)
      else out.line(outcomeLine(request))
      return EXIT.ok
    }),
  )
}

import type { Command } from 'commander'
import { fullId, gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import { showRequest } from '../show-request.ts'

export function addShow(program: Command): void {
  gatewayOptions(
    define(program, 'show <id>', 'Show a request: the exact action, its parameters, what it needs and who reviewed it', [
      'countersign show req-7kq2',
      'countersign show 7kq2 --json',
    ]),
  ).action(
    perform(async (out, id: string, options: GatewayOptions) => {
      const request = await withClient(options, (client) => client.request({ id: fullId('req', id) }))
      if (out.json) out.data(request)
      else showRequest(out, request)
      return EXIT.ok
    }),
  )
}

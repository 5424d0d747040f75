import type { Command } from 'commander'
import { fullId, gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import { showRequest } from '../show-request.ts'
import { runFields } from '../show-runs.ts'

export function addShow(program: Command): void {
  gatewayOptions(
    define(program, 'show <id>', 'Show a request: the exact action, its parameters, what it needs, who reviewed it, and what ran under its approval', [
      'countersign show req-7kq2',
      'countersign show 7kq2 --json',
    ]),
  ).action(
    perform(async (out, id: string, options: GatewayOptions) => {
      const named = { id: fullId('req', id) }
      const [request, { grants, runs, opened }] = await withClient(options, async (client) => [await client.request(named), await client.requestContext(named)])
      if (out.json) out.data({ ...request, grants, runs, opened })
      else showRequest(out, request, runFields({ grants, runs, opened }))
      return EXIT.ok
    }),
  )
}

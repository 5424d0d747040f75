import type { Command } from 'commander'
import { visible } from '@countersign/contract/visible'
import { fullId, gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'

export function addTokenRevoke(token: Command): void {
  gatewayOptions(
    define(token, 'revoke <id>', 'Revoke a token; its sessions are cut', ['countersign token revoke tok-1f0c22 --data ./countersign-data']),
  ).action(
    perform(async (out, id: string, options: GatewayOptions) => {
      const revoked = await withClient(options, (client) => client.revokeToken({ id: fullId('tok', id) }))
      if (out.json) out.data(revoked)
      else out.line(visible(`${revoked.id} of ${revoked.user} revoked`))
      return EXIT.ok
    }),
  )
}

import type { Command } from 'commander'
import { gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'

export function addLedgerRotateKey(ledger: Command): void {
  const examples = ['countersign ledger rotate-key --data ./countersign-data']
  gatewayOptions(define(ledger, 'rotate-key', 'Put a new key in the place of the one that a gateway signs its ledger with; for admins', examples)).action(
    perform(async (out, options: GatewayOptions) => {
      const rotated = await withClient(options, (client) => client.rotateSigningKey())
      if (out.json) out.data(rotated)
      else {
        out.line(`${rotated.gateway} signs with ${rotated.key} from now on`)
        out.note(`the key before, ${rotated.previous}, has signed it, and is gone; back up the keys folder of its data directory`)
      }
      return EXIT.ok
    }),
  )
}

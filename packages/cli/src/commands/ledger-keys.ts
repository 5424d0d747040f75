import type { Command } from 'commander'
import { gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { CliError, EXIT } from '../error.ts'

const TRUST = { first: "the tree's first", vouched: 'vouched for', none: 'nobody vouches for it' } as const

export function addLedgerKeys(ledger: Command): void {
  const examples = ['countersign ledger keys', 'countersign ledger keys --data ./countersign-data --json']
  gatewayOptions(define(ledger, 'keys', 'List the gateways that have a signing key, and whose checkpoints count; for admins', examples)).action(
    perform(async (out, options: GatewayOptions) => {
      const keys = await withClient(options, (client) => client.ledgerKeys())
      if (out.json) out.data(keys)
      else
        out.table(
          ['GATEWAY', 'KEY', 'TRUST'],
          keys.map(({ gateway, key, trust }) => [gateway, key, TRUST[trust]]),
          'no key is in the tree yet',
        )
      return EXIT.ok
    }),
  )
}

export function addLedgerVouch(ledger: Command): void {
  const examples = ['countersign ledger vouch gw-1f0c22aa31 --key "hQ3…="', 'countersign ledger vouch gw-1f0c22aa31 --data ./countersign-data']
  gatewayOptions(define(ledger, 'vouch <gateway>', 'Say that the key of another gateway is its own, so that its checkpoints count; for admins', examples))
    .option('--key <key>', 'refuse unless it is this one, as that gateway logs it at its start (default: the one that is in the tree)')
    .action(
      perform(async (out, gateway: string, { key, ...options }: GatewayOptions & { readonly key?: string }) => {
        const vouched = await withClient(options, async (client) => {
          const enrolled = (await client.ledgerKeys()).find((known) => known.gateway === gateway)
          if (!enrolled)
            throw new CliError(
              'failed',
              `no key of ${gateway} is in the ledger's tree`,
              'start that gateway, wait some seconds, and see `countersign ledger keys`',
            )
          return client.vouch({ gateway, key: key ?? enrolled.key })
        })
        if (out.json) out.data(vouched)
        else {
          out.line(`${vouched.gateway} signs checkpoints with ${vouched.key}`)
          out.note("compare the key with what that gateway's own log says at its start; it counts when this entry is in the tree")
        }
        return EXIT.ok
      }),
    )
}

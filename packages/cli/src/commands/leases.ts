import type { Lease } from '@countersign/contract/schemas/lease'
import type { Command } from 'commander'
import { gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import { countdown, moment } from '../format.ts'

export function addLeases(program: Command): void {
  const examples = ['countersign leases', 'countersign leases --all --json']
  gatewayOptions(define(program, 'leases', 'List the accounts that sessions have on targets, newest first; for admins', examples))
    .option('--all', 'those that are removed too')
    .action(
      perform(async (out, options: GatewayOptions & { readonly all?: true }) => {
        const leases = await withClient(options, (client) => client.leases({ live: !options.all }))
        const rows = leases.map((lease) => [lease.id, lease.resource, lease.account, lease.session, lease.gateway, moment(lease.createdAt), fate(lease)])
        if (out.json) out.data(leases)
        else out.table(['LEASE', 'RESOURCE', 'ACCOUNT', 'SESSION', 'GATEWAY', 'MADE', 'ENDS'], rows, options.all ? 'no leases' : 'no live leases')
        return EXIT.ok
      }),
    )
}

function fate({ state, endsAt, removedAt, attempts, lastError }: Lease): string {
  if (state === 'removed') return removedAt === null ? 'removed' : `removed ${moment(removedAt)}`
  if (state === 'live') return countdown(endsAt)
  return lastError === null ? 'being removed' : `not removed after ${attempts} attempts: ${lastError}`
}

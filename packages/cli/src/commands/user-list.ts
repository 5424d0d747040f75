import type { Command } from 'commander'
import type { Person } from '@countersign/contract/schemas/passkey'
import { gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'

export function addUserList(user: Command): void {
  gatewayOptions(
    define(user, 'list', 'List everybody whom the gateway knows', ['countersign user list', 'countersign user list --data ./countersign-data --json']),
  ).action(
    perform(async (out, options: GatewayOptions) => {
      const people = await withClient(options, (client) => client.people())
      if (out.json) out.data(people)
      else {
        const rows = people.map((each) => [each.name, each.groups.join(', ') || '-', roles(each), each.sources.join(', '), String(each.passkeys)])
        out.table(['USER', 'GROUPS', 'MAY', 'KNOWN FROM', 'PASSKEYS'], rows, 'nobody')
      }
      return EXIT.ok
    }),
  )
}

function roles({ active, admin, adminWaits, auditor }: Person): string {
  if (!active) return 'nothing: disabled'
  return (
    [
      ...(admin ? ['configure'] : []),
      ...(adminWaits ? ['configure, once another admin agrees to his passkeys'] : []),
      ...(auditor ? ['read everything'] : []),
    ].join(', ') || '-'
  )
}

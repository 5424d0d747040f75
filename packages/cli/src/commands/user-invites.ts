import type { Command } from 'commander'
import type { InviteInfo } from '@countersign/contract/schemas/passkey'
import { visible } from '@countersign/contract/visible'
import { fullId, gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import { moment } from '../format.ts'

interface ListOptions extends GatewayOptions {
  readonly all?: true
}

export function addUserInvites(user: Command): void {
  gatewayOptions(
    define(user, 'invites', 'List invitations that are open; for admins and auditors', ['countersign user invites', 'countersign user invites --all']),
  )
    .option('--all', 'those too that were used or taken back, or are over, as long as they are kept')
    .action(
      perform(async (out, { all, ...options }: ListOptions) => {
        const invites = await withClient(options, (client) => client.invites())
        const shown = invites.filter((invite) => all || stateOf(invite) === 'open')
        if (out.json) out.data(shown)
        else {
          const rows = shown.map((each) => [each.id, each.user, each.createdBy, moment(each.expiresAt), stateOf(each)])
          out.table(['INVITATION', 'USER', 'MADE BY', 'GOOD UNTIL', 'IT IS'], rows, 'no invitation is open')
        }
        return EXIT.ok
      }),
    )
}

export function addUserUninvite(user: Command): void {
  gatewayOptions(
    define(user, 'uninvite <id>', 'Take an invitation back that was not used: its link enrols nobody any more', [
      'countersign user invites',
      'countersign user uninvite inv-3f0a91',
    ]),
  ).action(
    perform(async (out, id: string, options: GatewayOptions) => {
      const taken = await withClient(options, (client) => client.revokeInvite({ id: fullId('inv', id) }))
      if (out.json) out.data(taken)
      else out.line(visible(`${taken.id} of ${taken.user} is taken back`))
      return EXIT.ok
    }),
  )
}

function stateOf({ usedAt, revokedAt, expiresAt }: InviteInfo): 'used' | 'taken back' | 'over' | 'open' {
  if (usedAt !== null) return 'used'
  if (revokedAt !== null) return 'taken back'
  return Date.parse(expiresAt) <= Date.now() ? 'over' : 'open'
}

import type { Command } from 'commander'
import { gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'

export function addWhoami(program: Command): void {
  gatewayOptions(define(program, 'whoami', 'Show whose token this is and what it may do', ['countersign whoami', 'countersign whoami --json'])).action(
    perform(async (out, options: GatewayOptions) => {
      const me = await withClient(options, (client) => client.whoami())
      if (out.json) out.data(me)
      else {
        out.fields([
          ['principal', me.id],
          ['groups', me.groups.join(', ') || 'none'],
          ['admin', me.admin ? 'yes' : 'no'],
          ['may review', me.mayReview ? `yes${me.unproven ? ', shown as unproven' : ''}` : 'no'],
          ['gateway', me.gateway],
        ])
      }
      return EXIT.ok
    }),
  )
}

import type { Command } from 'commander'
import { visible } from '@countersign/contract/visible'
import { fullId, gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { CliError, EXIT } from '../error.ts'

interface RevokeOptions extends GatewayOptions {
  readonly all?: true
  readonly user?: string
}

const EXAMPLES = [
  'countersign token revoke tok-1f0c22 --data ./countersign-data',
  'countersign token revoke --all',
  'countersign token revoke --all --user alice@example.com --data ./countersign-data',
]

export function addTokenRevoke(token: Command): void {
  gatewayOptions(define(token, 'revoke [id]', 'Revoke a token, or all of a person; their sessions are cut', EXAMPLES))
    .option('--all', 'all of yours, those of your agents and the one that asks too')
    .option('--user <user>', 'with --all: all of this user; for admins')
    .action(
      perform(async (out, id: string | undefined, { all, user, ...options }: RevokeOptions) => {
        if ((id === undefined) !== (all === true) || (user !== undefined && !all))
          throw new CliError('usage', 'name one token, or say --all', 'countersign token list shows them')
        const revoked = await withClient(options, async (client) =>
          id === undefined ? client.revokeTokens(user === undefined ? {} : { user }) : [await client.revokeToken({ id: fullId('tok', id) })],
        )
        if (out.json) out.data(id === undefined ? revoked : revoked[0])
        else for (const each of revoked) out.line(visible(`${each.id} of ${each.user} revoked`))
        if (revoked.length === 0) out.note('there was none to revoke')
        return EXIT.ok
      }),
    )
}

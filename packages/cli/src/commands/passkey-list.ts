import { type Command, Option } from 'commander'
import type { Passkey, PasskeyStatus } from '@countersign/contract/schemas/passkey'
import { gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import { moment } from '../format.ts'

interface ListOptions extends GatewayOptions {
  readonly user?: string
  readonly status?: PasskeyStatus
  readonly waits?: true
}

const SAYS: Readonly<Record<PasskeyStatus, string>> = {
  waiting: 'waits for another admin',
  active: 'counts',
  leaving: 'to be removed, waits for another admin',
  removed: 'removed',
}

export function addPasskeyList(passkey: Command): void {
  gatewayOptions(
    define(passkey, 'list', 'List passkeys: your own, or everybody’s for admins and auditors', [
      'countersign passkey list',
      'countersign passkey list --waits',
    ]),
  )
    .option('--user <user>', 'only those of this user')
    .addOption(new Option('--status <status>', 'only those in this state').choices(Object.keys(SAYS)))
    .addOption(new Option('--waits', 'those that another admin is asked about, of whomever').conflicts(['user', 'status']))
    .action(
      perform(async (out, { user, status, waits, ...options }: ListOptions) => {
        const filter = { ...(user === undefined ? {} : { user }), ...(status === undefined ? {} : { status }), ...(waits ? { waits } : {}) }
        const passkeys = await withClient(options, (client) => client.passkeys(filter))
        if (out.json) out.data(passkeys)
        else {
          const rows = passkeys.map((each) => [each.id, each.user, each.name, says(each), each.lastUsedAt === null ? 'never' : moment(each.lastUsedAt)])
          out.table(['PASSKEY', 'USER', 'NAME', 'IT', 'LAST USED'], rows, 'no passkeys')
        }
        return EXIT.ok
      }),
    )
}

function says({ status, waits }: Passkey): string {
  return status === 'active' && waits ? 'counts, for no admin before another agrees' : SAYS[status]
}

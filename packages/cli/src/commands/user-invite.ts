import { type Command, Option } from 'commander'
import { visible } from '@countersign/contract/visible'
import { gatewayOptions, parseDuration } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import { moment } from '../format.ts'

interface InviteOptions extends GatewayOptions {
  readonly groups?: readonly string[]
  readonly admin?: true
  readonly for?: string
}

const EXAMPLES = [
  'countersign user invite bob@example.com --groups dba --data ./countersign-data',
  'countersign user invite bob@example.com --for 1h    # he is known, and has lost his keys',
]

/** The link alone goes to stdout: whoever opens it first enrols a passkey for this user. */
export function addUserInvite(user: Command): void {
  gatewayOptions(define(user, 'invite <user>', 'Make a link with which somebody enrols a passkey, once', EXAMPLES))
    .addOption(
      new Option('--groups <groups>', 'of somebody who is not known yet: security,dba').argParser((text: string) =>
        text.split(',').map((group) => group.trim()),
      ),
    )
    .option('--admin', 'somebody who is not known yet becomes an admin')
    .addOption(new Option('--for <duration>', 'how long the link is good (default: 24h)').argParser(parseDuration))
    .action(
      perform(async (out, name: string, { groups, admin, for: time, ...options }: InviteOptions) => {
        const wish = { user: name, ...(groups ? { groups: [...groups] } : {}), ...(admin ? { admin } : {}), ...(time === undefined ? {} : { for: time }) }
        const invited = await withClient(options, (client) => client.invite(wish))
        if (out.json) out.data(invited)
        else {
          out.line(visible(invited.link))
          out.note(
            visible(`${invited.id} for ${invited.user}, good once and until ${moment(invited.expiresAt)}; give it to nobody else, it cannot be shown again`),
          )
        }
        return EXIT.ok
      }),
    )
}

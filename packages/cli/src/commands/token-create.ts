import { type Command, Option } from 'commander'
import { gatewayOptions, parseDuration } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import { moment } from '../format.ts'

interface CreateOptions extends GatewayOptions {
  readonly user: string
  readonly agent?: string
  readonly mayReview?: true
  readonly for?: string
}

const EXAMPLES = [
  'countersign token create --user alice@example.com --data ./countersign-data',
  'export COUNTERSIGN_TOKEN=$(countersign token create --user alice@example.com --agent claude --for 8h --data ./countersign-data)',
]

/** The token alone goes to stdout: it can be captured, and cannot be had again. */
export function addTokenCreate(token: Command): void {
  gatewayOptions(define(token, 'create', 'Make a token and print it', EXAMPLES))
    .requiredOption('--user <user>', 'whose it is')
    .option('--agent <name>', 'for an agent that acts for this user; it never reviews')
    .option('--may-review', 'the holder may review requests; such reviews are shown as unproven')
    .addOption(new Option('--for <duration>', 'how long it is good (default: 90d)').argParser(parseDuration))
    .action(
      perform(async (out, { user, agent, mayReview, for: time, ...options }: CreateOptions) => {
        const wish = { user, ...(agent === undefined ? {} : { agent }), ...(mayReview ? { mayReview } : {}), ...(time === undefined ? {} : { for: time }) }
        const created = await withClient(options, (client) => client.createToken(wish))
        if (out.json) out.data(created)
        else {
          out.line(created.token)
          out.note(
            `${created.id} for ${created.user}${created.agent === null ? '' : `/${created.agent}`}, until ${moment(created.expiresAt)}; it cannot be shown again`,
          )
        }
        return EXIT.ok
      }),
    )
}

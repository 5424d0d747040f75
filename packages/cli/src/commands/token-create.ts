import { type Command, Option } from 'commander'
import { TokenAction } from '@countersign/contract/schemas/token'
import { collected, gatewayOptions, parseDuration, parseTokenAction } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { CliError, EXIT } from '../error.ts'
import { moment } from '../format.ts'
import { scopeText } from '../token-table.ts'

interface CreateOptions extends GatewayOptions {
  readonly user?: string
  readonly agent?: string
  readonly name?: string
  readonly resource?: readonly string[]
  readonly action?: readonly TokenAction[]
  readonly mayReview?: true
  readonly for?: string
}

const EXAMPLES = [
  'countersign token create --user alice@example.com --data ./countersign-data',
  'countersign token create --name nightly-report --resource orders-db --action sql:read --for 30d',
  'export COUNTERSIGN_TOKEN=$(countersign token create --user alice@example.com --agent claude --for 8h --data ./countersign-data)',
]

/** The token alone goes to stdout: it can be captured, and cannot be had again. */
export function addTokenCreate(token: Command): void {
  gatewayOptions(define(token, 'create', 'Make a token and print it', EXAMPLES))
    .option('--user <user>', 'whose it is (default: you; as local administrator it has to be said)')
    .option('--agent <name>', 'for an agent that acts for this user; it never reviews')
    .option('--name <name>', 'what you call it, to know it again')
    .option('--resource <name>', 'only for this resource; say it again for another', collected(String))
    .addOption(
      new Option('--action <type>', `only for this, one of ${TokenAction.options.join(', ')}; say it again for another`).argParser(collected(parseTokenAction)),
    )
    .option('--may-review', 'the holder may review requests; such reviews are shown as unproven')
    .addOption(new Option('--for <duration>', 'how long it is good (default: 90d)').argParser(parseDuration))
    .action(
      perform(async (out, { data, config, ...options }: CreateOptions) => {
        if (data !== undefined && options.user === undefined)
          throw new CliError('usage', 'the local administrator has no tokens of his own: say whose it is', '--user alice@example.com')
        const created = await withClient({ ...(data === undefined ? {} : { data }), ...(config === undefined ? {} : { config }) }, (client) =>
          client.createToken(wishOf(options)),
        )
        if (out.json) out.data(created)
        else {
          out.line(created.token)
          const scope = created.scope === null ? '' : `, for ${scopeText(created.scope)}`
          out.note(
            `${created.id} for ${created.user}${created.agent === null ? '' : `/${created.agent}`}${scope}, until ${moment(created.expiresAt)}; it cannot be shown again`,
          )
        }
        return EXIT.ok
      }),
    )
}

function wishOf({ user, agent, name, resource, action, mayReview, for: time }: Omit<CreateOptions, keyof GatewayOptions>) {
  return {
    ...(user === undefined ? {} : { user }),
    ...(agent === undefined ? {} : { agent }),
    ...(name === undefined ? {} : { name }),
    ...(resource === undefined ? {} : { resources: [...resource] }),
    ...(action === undefined ? {} : { actions: [...action] }),
    ...(mayReview ? { mayReview } : {}),
    ...(time === undefined ? {} : { for: time }),
  }
}

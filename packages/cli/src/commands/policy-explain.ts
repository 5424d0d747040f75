import { type Command, Option } from 'commander'
import type { Explanation } from '@countersign/contract/schemas/policy'
import { ActionType } from '@countersign/contract/schemas/common'
import { visible } from '@countersign/contract/visible'
import { gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { CliError, EXIT } from '../error.ts'
import type { Output } from '../output.ts'

interface ExplainOptions extends GatewayOptions {
  readonly user?: string
  readonly agent?: string
  readonly action?: string
  readonly type?: ActionType
}

type Decision = Explanation['decision']

const EXAMPLES = [
  "countersign policy explain orders-db --user alice@example.com --action 'DELETE FROM orders WHERE id = 7'",
  'countersign policy explain orders-db --user alice@example.com --agent claude --type sql:write',
]

export function addPolicyExplain(policy: Command): void {
  gatewayOptions(define(policy, 'explain <resource>', 'Say what policy decides for an action, and which policies matched', EXAMPLES))
    .option('--user <user>', 'for whom (default: yourself)')
    .option('--agent <name>', "for that user's agent")
    .addOption(new Option('--action <text>', 'the action itself').conflicts('type'))
    .addOption(new Option('--type <type>', 'a type of action').choices(ActionType.options))
    .action(
      perform(async (out, resource: string, { user, agent, action, type, ...options }: ExplainOptions) => {
        if (action === undefined && type === undefined) throw new CliError('usage', 'which action? Give --action TEXT or --type TYPE', EXAMPLES[0])
        const asked = { resource, user, agent, action, type }
        const explanation = await withClient(options, (client) => client.explain(asked))
        if (out.json) out.data(explanation)
        else explain(out, explanation)
        return EXIT.ok
      }),
    )
}

function explain(out: Output, { decision, statements, policyVersion }: Explanation): void {
  out.line(`${out.colors.bold(effect(decision))}${by(decision)}`)
  for (const obligation of obligations(decision)) out.line(`  ${visible(obligation)}`)
  for (const { type, because, decision: each, matched } of statements) {
    out.line(`\n${type}: ${effect(each)}${by(each)}`)
    if (because !== null) out.line(visible(`  unknown, because ${because}`))
    for (const policy of matched)
      out.line(
        visible(
          `  ${policy.effect} ${policy.id} (${policy.file}:${policy.line}) ${Object.entries(policy.annotations)
            .filter(([name]) => name !== 'id')
            .map(([name, value]) => `@${name}(${JSON.stringify(value)})`)
            .join(' ')}`.trimEnd(),
        ),
      )
    if (matched.length === 0) out.line('  no policy matches, and what no policy permits is denied')
  }
  out.note(`policies ${policyVersion.slice(0, 12)}`)
}

function effect({ effect, needs, message }: Decision): string {
  switch (effect) {
    case 'allow':
      return 'allow'
    case 'review':
      return visible(`review: needs ${needs ?? 'a review'}`)
    case 'deny':
      return visible(message ?? 'denied')
  }
}

/** A denial's message names its policies already. */
const by = ({ effect, policies }: Decision) => (effect === 'deny' || policies.length === 0 ? '' : visible(` (by ${policies.join(', ')})`))

function obligations({ reasonRequired, tickets, mask, personal, secret, sign }: Decision): readonly string[] {
  return [
    ...(reasonRequired ? ['a reason is required'] : []),
    ...tickets.map((pattern) => `a ticket is required that matches ${pattern}`),
    ...(mask.length > 0 ? [`masked: ${mask.join(', ')}`] : []),
    ...(personal.length > 0 ? [`recorded as personal: ${personal.join(', ')}`] : []),
    ...(secret ? ['values of parameters are neither recorded nor shown'] : []),
    ...(sign ? ['approvals need a passkey signature'] : []),
  ]
}

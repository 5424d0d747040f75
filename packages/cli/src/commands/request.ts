import { type Command, Option } from 'commander'
import type { Client } from '@countersign/contract/client'
import type { Scope } from '@countersign/contract/schemas/common'
import type { Request } from '@countersign/contract/schemas/request'
import { readAction } from '../action-file.ts'
import { gatewayOptions, parseDuration, parseScope } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { awaitDecision, exitCodeOf } from '../decision.ts'
import { askLine, countdown, outcomeLine } from '../format.ts'
import { waiting } from '../waiting.ts'

interface RequestOptions extends GatewayOptions {
  readonly scope?: Scope
  readonly for?: string
  readonly reason?: string
  readonly ticket?: string
  readonly action?: string
  readonly file?: string
  readonly wait?: true
}

const EXAMPLES = [
  'countersign request orders-db --reason INC-7',
  'countersign request orders-db --scope sql:write --for 30m --reason INC-7 --wait',
  "countersign request orders-db --action 'DELETE FROM orders WHERE id = 7'",
]

/** Asks ahead. Exit code 0 approved, 3 denied, 4 still pending. */
export function addRequest(program: Command): void {
  gatewayOptions(define(program, 'request <resource>', 'Ask ahead: for an action, or for access for a while', EXAMPLES))
    .addOption(new Option('--scope <type>', 'a type of action, such as sql:write (default: connect)').argParser(parseScope))
    .addOption(new Option('--for <duration>', 'for how long: 90s, 30m, 8h, 2d').argParser(parseDuration))
    .option('--reason <text>', 'why; shown to the reviewers')
    .option('--ticket <text>', 'the ticket that policy asks for')
    .addOption(new Option('--action <text>', 'exactly this action, once').conflicts(['scope', 'for']))
    .addOption(new Option('-f, --file <file>', 'exactly the statements of this file (-: standard input), once').conflicts(['action', 'scope', 'for']))
    .option('--wait', 'wait until it is decided; Ctrl-C stops waiting and does not withdraw it')
    .action(
      perform(async (out, resource: string, { wait, scope, for: time, reason, ticket, action: given, file, ...options }: RequestOptions) =>
        withClient(options, async (client) => {
          const action = file === undefined ? given : await readAction(file)
          const { request: asked, attached } = await client.ask({ resource, scope, for: time, reason, ticket, action })
          if (attached) out.note(`${asked.id} asks for this already: it is the same request`)
          const request = wait && asked.status === 'pending' ? await waitFor(client, asked) : asked
          if (out.json) out.data(request)
          else out.line(outcomeLine(request))
          if (request.status === 'pending') out.note(`${request.link} · withdraw it with: countersign withdraw ${request.id}`)
          return exitCodeOf(request)
        }),
      ),
    )
}

async function waitFor(client: Client, request: Request): Promise<Request> {
  const stop = new AbortController()
  const onInterrupt = () => stop.abort()
  process.once('SIGINT', onInterrupt)
  const text = `${request.id} (${askLine(request)} on ${request.resource}) needs ${request.needs.text} · expires ${countdown(request.expiresAt)} · ${request.link}`
  const shown = waiting(text)
  try {
    return await awaitDecision(client, request, stop.signal, (message) => shown.say(`${message} Trying again.`))
  } finally {
    shown.stop()
    process.off('SIGINT', onInterrupt)
  }
}

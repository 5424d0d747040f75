import type { Client } from '@countersign/contract/client'
import { pieceOf } from '@countersign/contract/transcript'
import type { Command } from 'commander'
import { fullId, gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { CliError, EXIT } from '../error.ts'
import type { Output } from '../output.ts'

const EXAMPLES = ['countersign watch ses-9h3t', 'countersign watch ses-9h3t --json | jq -r "select(.line == \\"started\\").text"']

export function addWatch(program: Command): void {
  gatewayOptions(define(program, 'watch <session>', 'Show what a session does while it does it; watching is recorded', EXAMPLES)).action(
    perform(async (out, id: string, options: GatewayOptions) => {
      await withClient(options, (client) => follow(out, client, fullId('ses', id)))
      return EXIT.ok
    }),
  )
}

/** To its end. `--json` is one JSON object a line, as it will be in the recording. */
async function follow(out: Output, client: Client, id: string): Promise<void> {
  let next = 0
  for await (const { index, line } of client.watch({ id })) {
    if (index > next) out.note(`${index - next} lines are left out here: they are in its recording, once it is over`)
    next = index + 1
    if (out.json) out.data(line)
    else pieceOf(line).lines.forEach((each) => out.line(each))
    if (line.line === 'end') return
  }
  throw new CliError('failed', `the gateway ended the watching of ${id} before the session was over`, `Watch it again: countersign watch ${id}`)
}

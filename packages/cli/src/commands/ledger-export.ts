import { type Command, Option } from 'commander'
import { gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import type { Client } from '@countersign/contract/client'
import type { Output } from '../output.ts'
import { exportTiles } from '../tree-files.ts'

/** Writes the ledger in one form to `target`; the exit code. */
type Export = (out: Output, client: Client, target: string) => Promise<number>

const FORMATS = { tiles: toTiles } as const satisfies Readonly<Record<string, Export>>

const EXAMPLES = [
  'countersign ledger export --format tiles ./ledger-files',
  'countersign ledger export --format tiles ./ledger-files --data ./countersign-data',
]

export function addLedgerExport(ledger: Command): void {
  gatewayOptions(define(ledger, 'export <target>', 'Write the ledger as files that anybody can check without a gateway; for admins', EXAMPLES))
    .addOption(new Option('--format <format>', 'tiles: static files of C2SP tlog-tiles, only what is new').choices(Object.keys(FORMATS)).makeOptionMandatory())
    .action(
      perform((out, target: string, { format, ...options }: GatewayOptions & { readonly format: keyof typeof FORMATS }) =>
        withClient(options, (client) => FORMATS[format](out, client, target)),
      ),
    )
}

async function toTiles(out: Output, client: Client, directory: string): Promise<number> {
  const { origin, before, size } = await exportTiles(client, directory)
  if (out.json) out.data({ origin, before, size })
  else out.line(`${directory}: ${origin} up to entry ${size}, of which ${size - before} are new`)
  return EXIT.ok
}

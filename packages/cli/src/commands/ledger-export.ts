import { type Command, Option } from 'commander'
import type { Client } from '@countersign/contract/client'
import { gatewayOptions, parseMoment } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { CliError, EXIT } from '../error.ts'
import { exportRecords, type RecordsWish, tellExported } from '../export-records.ts'
import type { Output } from '../output.ts'
import { exportTiles } from '../tree-files.ts'

interface Wish extends Omit<RecordsWish, 'format'> {
  /** What `tiles` writes into. */
  readonly directory: string | undefined
}

/** Writes the ledger in one form; the exit code. */
type Export = (out: Output, client: Client, wish: Wish) => Promise<number>

const FORMATS = { tiles: toTiles, jsonl: toRecords('jsonl'), ocsf: toRecords('ocsf') } as const satisfies Readonly<Record<string, Export>>

interface ExportOptions extends GatewayOptions {
  readonly format: keyof typeof FORMATS
  readonly from?: string
  readonly until?: string
  readonly output?: string
}

const EXAMPLES = [
  'countersign ledger export --format tiles ./ledger-files',
  'countersign ledger export --format tiles ./ledger-files --data ./countersign-data',
  'countersign ledger export --format jsonl -o ledger.jsonl',
  'countersign ledger export --format ocsf --from 2026-10-01 --until 2026-11-01 | gzip > october.ndjson.gz',
]
const FORMAT =
  'tiles: static files of C2SP tlog-tiles that anybody can check without a gateway, only what is new; jsonl: entries as hashed; ocsf: events of OCSF'

export function addLedgerExport(ledger: Command): void {
  gatewayOptions(define(ledger, 'export [directory]', 'Write the ledger in a form for others; for admins', EXAMPLES))
    .addOption(new Option('--format <format>', FORMAT).choices(Object.keys(FORMATS)).makeOptionMandatory())
    .addOption(new Option('--from <time>', 'of jsonl and ocsf, from this time on: 2026-10-01, or 2026-10-01T15:30Z').argParser(parseMoment))
    .addOption(new Option('--until <time>', 'to before this time').argParser(parseMoment))
    .option('-o, --output <file>', 'where jsonl and ocsf go: a file that is there only when it is whole (default: standard output)')
    .action(
      perform((out, directory: string | undefined, { format, from, until, output, ...options }: ExportOptions) =>
        withClient(options, (client) => FORMATS[format](out, client, { directory, from, until, output })),
      ),
    )
}

async function toTiles(out: Output, client: Client, { directory, from, until, output }: Wish): Promise<number> {
  if (directory === undefined) throw new CliError('usage', 'tiles are many files: name the folder that they go into', EXAMPLES[0])
  if ([from, until, output].some((value) => value !== undefined))
    throw new CliError('usage', '--from, --until and -o are for jsonl and ocsf: tiles are always those of the whole tree', EXAMPLES[0])
  const { origin, before, size } = await exportTiles(client, directory)
  if (out.json) out.data({ origin, before, size })
  else out.line(`${directory}: ${origin} up to entry ${size}, of which ${size - before} are new`)
  return EXIT.ok
}

function toRecords(format: RecordsWish['format']): Export {
  return async (out, client, { directory, ...wish }) => {
    if (directory !== undefined) throw new CliError('usage', `${format} is one file, or standard output: -o ${directory} names it`, EXAMPLES[2])
    const exported = await exportRecords(client, { format, ...wish })
    if (!out.json) tellExported(out, exported, wish.output)
    else if (wish.output !== undefined) out.data(exported)
    return EXIT.ok
  }
}

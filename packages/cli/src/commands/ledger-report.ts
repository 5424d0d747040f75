import { type Command, Option } from 'commander'
import { gatewayOptions, parseMoment } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import { evidenceCsv } from '../evidence-csv.ts'
import { evidenceHtml } from '../evidence-html.ts'
import { intoFile } from '../result-file.ts'
import { waiting } from '../waiting.ts'

const FORMATS = { html: evidenceHtml, csv: evidenceCsv } as const

interface ReportOptions extends GatewayOptions {
  readonly from: string
  readonly until: string
  readonly format: keyof typeof FORMATS
  readonly output?: string
}

const EXAMPLES = [
  'countersign ledger report --from 2026-07-01 --until 2026-10-01 -o q3.html',
  'countersign ledger report --from 2026-07-01 --until 2026-10-01 --format csv -o q3.csv',
]
const SAY_EVERY_MS = 5_000

/** Evidence for an auditor. */
export function addLedgerReport(ledger: Command): void {
  gatewayOptions(define(ledger, 'report', 'Write who did what in a period, who approved it, and what standing access nobody used; for admins', EXAMPLES))
    .addOption(new Option('--from <time>', 'from this time on: 2026-07-01, or 2026-07-01T00:00Z').argParser(parseMoment).makeOptionMandatory())
    .addOption(new Option('--until <time>', 'to before this time').argParser(parseMoment).makeOptionMandatory())
    .addOption(new Option('--format <format>', 'html: a page to read and print; csv: one table').choices(Object.keys(FORMATS)).default('html'))
    .option('-o, --output <file>', 'a file, which is there only when it is whole (default: standard output)')
    .action(
      perform(async (out, { from, until, format, output, ...gateway }: ReportOptions) => {
        const report = await watched(() => withClient(gateway, (client) => client.ledgerReport({ from, until })))
        if (out.json) out.data(report)
        else await intoFile(output, (sink) => sink.write(FORMATS[format](report)))
        if (report.unreadable > 0)
          out.note(`${report.unreadable} entries are not in the store as a gateway wrote them; \`countersign ledger verify\` names them`)
        return EXIT.ok
      }),
    )
}

/** The gateway reads the whole ledger for it. */
async function watched<T>(work: () => Promise<T>): Promise<T> {
  const progress = waiting('the gateway reads the ledger')
  const began = performance.now()
  const timer = setInterval(() => progress.say(`the gateway reads the ledger (${Math.round((performance.now() - began) / 1000)} s)`), SAY_EVERY_MS)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    progress.stop()
  }
}

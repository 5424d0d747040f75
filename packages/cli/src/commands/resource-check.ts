import type { Command } from 'commander'
import type { CheckReport, Finding } from '@countersign/contract/schemas/finding'
import { visible } from '@countersign/contract/visible'
import { gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import type { Output } from '../output.ts'

const EXAMPLES = ['countersign resource check orders-db', 'countersign resource check orders-db --json --data ./countersign-data']

/** Exit code 1 when something is more than a warning. */
export function addResourceCheck(resource: Command): void {
  gatewayOptions(define(resource, 'check <name>', 'Look at a target for what is wrong with it, and say what mends it', EXAMPLES)).action(
    perform(async (out, name: string, options: GatewayOptions) => {
      const report = await withClient(options, (client) => client.checkResource({ name }))
      if (out.json) out.data(report)
      else tell(out, report)
      return report.findings.every(({ severity }) => severity === 'warning') ? EXIT.ok : EXIT.failed
    }),
  )
}

/** All findings at a glance, and then each check's reason with the SQL for all that it found. */
function tell(out: Output, { resource, databases, findings }: CheckReport): void {
  const rows = findings.map(({ severity, check, database, what }) => [severity, check, database ?? '(server)', what])
  out.table(['SEVERITY', 'CHECK', 'DATABASE', 'FINDING'], rows, `nothing is wrong with ${resource}; looked into ${databases.join(', ')}`)
  for (const [check, found] of Map.groupBy(findings, (finding) => finding.check)) explain(out, check, found)
}

function explain(out: Output, check: string, findings: readonly Finding[]): void {
  out.line(`\n${out.colors.bold(visible(check))}: ${visible([...new Set(findings.map(({ why }) => why))].join('; '))}`)
  for (const { sql, database } of findings) if (sql !== null) out.line(visible(`  ${sql}${database === null ? '' : ` -- in ${database}`}`))
}

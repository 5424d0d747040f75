import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { visible } from '@countersign/contract/visible'
import { fullId, gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'

const EXAMPLES = ['countersign ledger proof req-7kq2 -o receipt.json', 'countersign ledger proof 7kq2 > receipt.json']

/** Fetches a receipt. It holds what was sealed of the request, so a file of it is for its owner alone. */
export function addLedgerProof(ledger: Command): void {
  gatewayOptions(define(ledger, 'proof <id>', 'Get the receipt of a request, which anybody can verify without a gateway', EXAMPLES))
    .option('-o, --out <file>', 'write it to a file (default: standard output)')
    .action(
      perform(async (out, id: string, { out: file, ...options }: GatewayOptions & { readonly out?: string }) => {
        const receipt = await withClient(options, (client) => client.receipt({ id: fullId('req', id) }))
        if (file === undefined) {
          out.data(receipt)
          return EXIT.ok
        }
        writeFileSync(file, `${JSON.stringify(receipt)}\n`, { mode: 0o600 })
        if (out.json) out.data({ file, request: receipt.request, entries: receipt.entries.length })
        else out.line(visible(`${file}: ${receipt.entries.length} entries of ${receipt.request}; check it with: countersign ledger verify ${file}`))
        return EXIT.ok
      }),
    )
}

import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { visible } from '@countersign/contract/visible'
import { completeReceipt } from '@countersign/ledger/complete'
import { parseReceipt, type Receipt } from '@countersign/ledger/receipt'
import { verifyReceipt } from '@countersign/ledger/verify-receipt'
import { fullId, gatewayOptions } from '../arguments.ts'
import { toldClosed } from '../closed-texts.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { CliError, EXIT } from '../error.ts'
import type { Output } from '../output.ts'
import { readReceipt } from '../verify-proofs.ts'

const EXAMPLES = [
  'countersign ledger proof req-7kq2 -o receipt.json',
  'countersign ledger proof 7kq2 > receipt.json',
  'countersign ledger proof req-7kq2 --with from-the-other-gateway.json -o receipt.json',
]

interface Options extends GatewayOptions {
  readonly out?: string
  readonly with?: string
}

/** Fetches a receipt. It holds what was sealed of the request, so a file of it is for its owner alone. */
export function addLedgerProof(ledger: Command): void {
  gatewayOptions(define(ledger, 'proof <id>', 'Get the receipt of a request, which anybody can verify without a gateway', EXAMPLES))
    .option('-o, --out <file>', 'write it to a file (default: standard output)')
    .option('--with <receipt>', 'add what this receipt of the same request shows, which another gateway gave')
    .action(
      perform(async (out, id: string, { out: file, with: other, ...options }: Options) => {
        const request = fullId('req', id)
        const others = other === undefined ? null : receiptOf(request, other)
        const fetched = parseReceipt(Buffer.from(JSON.stringify(await withClient(options, (client) => client.receipt({ id: request })))))
        const receipt = others ? completeReceipt(fetched, others) : fetched
        if (file === undefined) out.data(receipt)
        else write(out, file, receipt)
        for (const line of toldClosed(verifyReceipt(receipt).closed)) out.note(line)
        return EXIT.ok
      }),
    )
}

function receiptOf(request: string, file: string): Receipt {
  const receipt = readReceipt(file)
  if (receipt.request === request) return receipt
  throw new CliError('failed', visible(`${file} is the receipt of ${receipt.request}, not of ${request}`), 'name a receipt of the same request after --with')
}

function write(out: Output, file: string, receipt: Receipt): void {
  writeFileSync(file, `${JSON.stringify(receipt)}\n`, { mode: 0o600 })
  if (out.json) out.data({ file, request: receipt.request, entries: receipt.entries.length })
  else out.line(visible(`${file}: ${receipt.entries.length} entries of ${receipt.request}; check it with: countersign ledger verify ${file}`))
}

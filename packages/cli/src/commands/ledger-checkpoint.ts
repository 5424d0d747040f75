import { visible } from '@countersign/contract/visible'
import { parseCheckpoint } from '@countersign/ledger/checkpoint'
import { parseNote } from '@countersign/ledger/note'
import { encodeBase64 } from '@countersign/ledger/base64'
import type { Command } from 'commander'
import { gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'

/** The note itself goes to stdout, byte for byte: kept elsewhere, it is what `ledger verify` holds the ledger against later. */
export function addLedgerCheckpoint(ledger: Command): void {
  const examples = ['countersign ledger checkpoint > remembered', 'countersign ledger checkpoint --json']
  gatewayOptions(
    define(ledger, 'checkpoint', 'Print the last signed checkpoint, to be kept where nobody who runs the gateways can change it', examples),
  ).action(
    perform(async (out, options: GatewayOptions) => {
      const bytes = await withClient(options, (client) => client.ledgerFile('checkpoint'))
      const { text, signatures } = parseNote(bytes)
      const { origin, size, root, extensions } = parseCheckpoint(text)
      if (out.json)
        out.data({ origin, size, root: encodeBase64(root), extensions, signatures: signatures.map(({ name }) => name), note: Buffer.from(bytes).toString() })
      else out.line(Buffer.from(bytes).toString().trimEnd().split('\n').map(visible).join('\n'))
      return EXIT.ok
    }),
  )
}

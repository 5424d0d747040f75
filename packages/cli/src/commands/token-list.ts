import type { Command } from 'commander'
import { gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import { TOKEN_HEAD, tokenRow } from '../token-table.ts'

export function addTokenList(token: Command): void {
  gatewayOptions(
    define(token, 'list', 'List tokens, without their secrets', ['countersign token list', 'countersign token list --data ./countersign-data --json']),
  ).action(
    perform(async (out, options: GatewayOptions) => {
      const tokens = await withClient(options, (client) => client.tokens())
      if (out.json) out.data(tokens)
      else out.table(TOKEN_HEAD, tokens.map(tokenRow), 'no tokens')
      return EXIT.ok
    }),
  )
}

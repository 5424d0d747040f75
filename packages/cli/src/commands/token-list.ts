import type { Command } from 'commander'
import type { TokenInfo } from '@countersign/contract/schemas/token'
import { gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import { countdown, moment } from '../format.ts'

export function addTokenList(token: Command): void {
  gatewayOptions(
    define(token, 'list', 'List tokens, without their secrets', ['countersign token list', 'countersign token list --data ./countersign-data --json']),
  ).action(
    perform(async (out, options: GatewayOptions) => {
      const tokens = await withClient(options, (client) => client.tokens())
      if (out.json) out.data(tokens)
      else {
        const rows = tokens.map((each) => [each.id, each.agent === null ? each.user : `${each.user}/${each.agent}`, mayReview(each), each.createdBy, end(each)])
        out.table(['TOKEN', 'PRINCIPAL', 'MAY REVIEW', 'MADE BY', 'ENDS'], rows, 'no tokens')
      }
      return EXIT.ok
    }),
  )
}

const mayReview = ({ mayReview, unproven }: TokenInfo) => (mayReview ? (unproven ? 'unproven' : 'yes') : 'no')

const end = ({ revokedAt, expiresAt }: TokenInfo) => (revokedAt === null ? countdown(expiresAt) : `revoked ${moment(revokedAt)}`)

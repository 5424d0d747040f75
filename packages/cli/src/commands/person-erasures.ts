import type { Command } from 'commander'
import { gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import { moment } from '../format.ts'
import { fate } from './person-erase.ts'

export function addPersonErasures(person: Command): void {
  gatewayOptions(
    define(person, 'erasures', 'List whose personal data was erased, and where not yet; for admins', ['countersign person erasures --json']),
  ).action(
    perform(async (out, options: GatewayOptions) => {
      const erasures = await withClient(options, (client) => client.erasures())
      const rows = erasures.map((erasure) => [erasure.id, erasure.user, erasure.by, moment(erasure.at), fate(erasure)])
      if (out.json) out.data(erasures)
      else out.table(['ERASURE', 'USER', 'BY', 'ASKED', 'STATE'], rows, 'nothing was erased')
      return EXIT.ok
    }),
  )
}

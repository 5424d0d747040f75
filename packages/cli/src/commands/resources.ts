import type { Command } from 'commander'
import { gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'

export function addResources(program: Command): void {
  gatewayOptions(
    define(program, 'resources', 'List the resources, and what you may do on each', ['countersign resources', 'countersign resources --json']),
  ).action(
    perform(async (out, options: GatewayOptions) => {
      const resources = await withClient(options, (client) => client.resources())
      if (out.json) out.data(resources)
      else {
        const rows = resources.map(({ name, protocol, labels, mode, summary }) => [
          name,
          protocol,
          Object.entries(labels)
            .map(([key, value]) => `${key}=${value}`)
            .join(' '),
          mode,
          summary.connect,
          summary.read,
          summary.write,
          summary.ddl,
        ])
        out.table(['RESOURCE', 'PROTOCOL', 'LABELS', 'MODE', 'CONNECT', 'READ', 'WRITE', 'DDL'], rows, 'no resources')
      }
      return EXIT.ok
    }),
  )
}

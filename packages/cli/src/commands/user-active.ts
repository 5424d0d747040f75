import type { Command } from 'commander'
import { visible } from '@countersign/contract/visible'
import { gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'

export function addUserDisable(user: Command): void {
  gatewayOptions(
    define(user, 'disable <user>', 'From now on somebody may do nothing; what he has ends for good', [
      'countersign user disable bob@example.com',
      'countersign user disable bob@example.com --data ./countersign-data',
    ]),
  ).action(
    perform(async (out, name: string, options: GatewayOptions) => {
      const person = await withClient(options, (client) => client.disablePerson({ name }))
      if (out.json) out.data(person)
      else out.line(visible(`${person.name} is disabled`))
      return EXIT.ok
    }),
  )
}

export function addUserEnable(user: Command): void {
  gatewayOptions(define(user, 'enable <user>', 'Somebody may sign in again', ['countersign user enable bob@example.com'])).action(
    perform(async (out, name: string, options: GatewayOptions) => {
      const person = await withClient(options, (client) => client.enablePerson({ name }))
      if (out.json) out.data(person)
      else out.line(visible(`${person.name} is enabled`))
      return EXIT.ok
    }),
  )
}

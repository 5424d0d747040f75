import type { Command } from 'commander'
import { gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import { sessionTable } from '../session-table.ts'

export function addSessions(program: Command): void {
  gatewayOptions(define(program, 'sessions', 'List live sessions, newest first', ['countersign sessions', 'countersign sessions --all --json']))
    .option('--all', 'those that have ended too')
    .action(
      perform(async (out, options: GatewayOptions & { readonly all?: true }) => {
        const sessions = await withClient(options, (client) => client.sessions({ live: !options.all }))
        if (out.json) out.data(sessions)
        else sessionTable(out, sessions, options.all ? 'no sessions' : 'no live sessions')
        return EXIT.ok
      }),
    )
}

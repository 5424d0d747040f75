import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@countersign/contract/client'
import type { Erasure } from '@countersign/contract/schemas/erasure'
import { visible } from '@countersign/contract/visible'
import type { Command } from 'commander'
import { gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'
import { waiting } from '../waiting.ts'

/** How long gateways have, before this command says which are still to do it. */
const PATIENCE_MS = 5_000
const LOOK_MS = 200

export function addPersonErase(person: Command): void {
  const examples = ['countersign person erase alice@example.com --reason "her request of 2026-11-20" --data ./countersign-data']
  gatewayOptions(define(person, 'erase <user>', 'Erase what policy marks as personal of a user, everywhere, for good; for admins', examples))
    .requiredOption('--reason <text>', 'why; recorded sealed')
    .action(
      perform(async (out, user: string, { reason, ...options }: GatewayOptions & { readonly reason: string }) => {
        const erasure = await withClient(options, async (client) => untilDone(client, await client.erase({ user, reason })))
        if (out.json) out.data(erasure)
        else out.line(visible(`${erasure.id}: ${fate(erasure)}`))
        return erasure.waiting.length === 0 ? EXIT.ok : EXIT.pending
      }),
    )
}

/** What has become of it, gateway by gateway. */
export function fate({ done, waiting: missing }: Erasure): string {
  const said = done.length === 0 ? '' : `erased at ${done.map(({ gateway }) => gateway).join(', ')}`
  return missing.length === 0 ? said : `${said === '' ? '' : `${said}; `}not yet at ${missing.join(', ')}`
}

async function untilDone(client: Client, asked: Erasure): Promise<Erasure> {
  const shown = waiting(`erasing at ${asked.waiting.length} ${asked.waiting.length === 1 ? 'gateway' : 'gateways'}`)
  try {
    let erasure = asked
    for (let waited = 0; erasure.waiting.length > 0 && waited < PATIENCE_MS; waited += LOOK_MS) {
      await sleep(LOOK_MS)
      erasure = (await client.erasures()).find(({ id }) => id === asked.id) ?? erasure
    }
    return erasure
  } finally {
    shown.stop()
  }
}

import type { Command } from 'commander'
import type { Client } from '@countersign/contract/client'
import type { Passkey } from '@countersign/contract/schemas/passkey'
import { visible } from '@countersign/contract/visible'
import { fullId, gatewayOptions } from '../arguments.ts'
import { define, perform } from '../command.ts'
import { type GatewayOptions, withClient } from '../connection.ts'
import { EXIT } from '../error.ts'

export function addPasskeyRemove(passkey: Command): void {
  addChange(
    passkey,
    'remove <id>',
    'Remove a passkey of yours, or as admin anybody’s: it counts no longer',
    ['countersign passkey remove pk-3f0a91', 'countersign passkey remove pk-3f0a91 --data ./countersign-data'],
    (client, id) => client.removePasskey({ id }),
  )
}

export function addPasskeyApprove(passkey: Command): void {
  addChange(
    passkey,
    'approve <id>',
    'Agree to what a passkey of another admin waits for',
    ['countersign passkey list --waits', 'countersign passkey approve pk-3f0a91'],
    (client, id) => client.reviewPasskey({ id, approve: true }),
  )
}

export function addPasskeyDeny(passkey: Command): void {
  addChange(
    passkey,
    'deny <id>',
    'Do not agree: one that waits is removed, one that was to be removed counts again',
    ['countersign passkey deny pk-3f0a91'],
    (client, id) => client.reviewPasskey({ id, approve: false }),
  )
}

function addChange(
  passkey: Command,
  usage: string,
  summary: string,
  examples: readonly string[],
  change: (client: Client, id: string) => Promise<Passkey>,
): void {
  gatewayOptions(define(passkey, usage, summary, examples)).action(
    perform(async (out, id: string, options: GatewayOptions) => {
      const changed = await withClient(options, (client) => change(client, fullId('pk', id)))
      if (out.json) out.data(changed)
      else out.line(visible(`${changed.id} of ${changed.user} ${BECAME[changed.status]}`))
      return EXIT.ok
    }),
  )
}

const BECAME: Readonly<Record<Passkey['status'], string>> = {
  waiting: 'waits for another admin',
  active: 'counts',
  leaving: 'counts no longer; another admin has to agree to its removal',
  removed: 'is removed',
}

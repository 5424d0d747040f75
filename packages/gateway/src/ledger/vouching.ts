import { type Principal, principalId } from '@countersign/core/principal'
import { parseEntry } from '@countersign/ledger/entry'
import { type GatewayTrust, Trust } from '@countersign/ledger/trust'
import type { Journal } from '../journal/journal.ts'
import type { TreeStore } from '../store/store.ts'
import { WorkflowError } from '../workflow/workflow.ts'

/** A gateway, and the key that is its own. */
export interface Vouched {
  readonly gateway: string
  readonly key: string
}

/**
 * Which gateways have enrolled a key, by the entries in the tree. As the store has them: who wants proof verifies the tree, which is
 * what `countersign ledger verify` does.
 */
export async function trustOf(tree: TreeStore): Promise<Trust> {
  const trust = new Trust()
  for (const index of await tree.keyLeaves()) {
    for (const { line } of await tree.read(index, 1)) trust.read(parseEntry(line))
  }
  return trust
}

/**
 * Records, through this gateway, that an admin vouches for another gateway's key. Throws WorkflowError: `not-found` for a gateway that
 * has no key in the tree; when that has another key, or when what this gateway says does not count either (both `invalid`).
 */
export async function vouch(tree: TreeStore, journal: Journal, { gateway, key }: Vouched, by: Principal): Promise<GatewayTrust> {
  const trust = await trustOf(tree)
  const known = trust.list().find((each) => each.gateway === gateway)
  if (!known) throw new WorkflowError('not-found', `no key of ${gateway} is in the ledger's tree; "countersign ledger keys" lists those that are`)
  if (known.key !== key)
    throw new WorkflowError('invalid', `the key of ${gateway} is ${known.key}, not the one that you name; compare it with what that gateway itself says`)
  if (!trust.counts(journal.gateway))
    throw new WorkflowError(
      'invalid',
      `nobody vouches for ${journal.gateway}, so that its word does not count; ask a gateway that "countersign ledger keys" says is first or vouched`,
    )
  if (known.trust !== 'none') return known
  await journal.append({ type: 'gateway.vouched', body: { gateway, key, by: principalId(by) } }, 'disk')
  return { ...known, trust: 'vouched' }
}

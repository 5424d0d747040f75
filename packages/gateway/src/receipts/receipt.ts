import type { Request } from '@countersign/core/request'
import { parseCheckpoint } from '@countersign/ledger/checkpoint'
import { parseEntry } from '@countersign/ledger/entry'
import { eventsOf, openEvents } from '@countersign/ledger/group'
import { parseNote } from '@countersign/ledger/note'
import { proveInclusion } from '@countersign/ledger/proof'
import { encodeProof, type KeyEntry, type ProvenEntry, type Receipt, RECEIPT_FORMAT, type ReceiptEntry } from '@countersign/ledger/receipt'
import type { Disclosed } from '@countersign/ledger/seal'
import { storyOf, type Told } from '@countersign/ledger/story'
import { tilesOf } from '../ledger/stored-tiles.ts'
import type { Leaf, Store, TreeStore } from '../store/store.ts'
import { WorkflowError } from '../workflow/workflow.ts'
import { keysFor } from './data-keys.ts'
import { entriesOf, type Found } from './find.ts'

/** Where receipts are made from. */
export interface ReceiptSource {
  readonly store: Pick<Store, 'grants' | 'ledger' | 'tree' | 'policies' | 'passkeys'>
  /** The data directory, whose keys open what this gateway and its workers sealed. */
  readonly data: string
  /** Unix milliseconds. */
  readonly now: () => number
}

/**
 * All that proves what became of a request. What another gateway sealed stays closed in it. Throws WorkflowError `unavailable` when no
 * signed checkpoint covers all of it yet.
 */
export async function makeReceipt({ store, data, now }: ReceiptSource, request: Request): Promise<Receipt> {
  const { tree } = store
  const grants = (await store.grants.list({ user: request.requester.user, resource: request.resource, asked: true })).filter(
    (grant) => grant.request === request.id,
  )
  const found = await entriesOf(store.ledger, request, grants, now())
  const placed = await Promise.all(found.map(async (one) => ({ ...one, index: await tree.indexOf(one.gateway, one.seq) })))
  const stored = await tree.checkpoint()
  const size = stored?.size ?? 0
  const leaves = placed.flatMap((one) => (one.index !== null && one.index < size ? [{ ...one, index: one.index }] : []))
  if (!stored || leaves.length < placed.length)
    throw new WorkflowError('unavailable', `not all that the ledger has of ${request.id} is under a signed checkpoint yet: try again in some seconds`)
  const opened = leaves.toSorted((one, other) => one.index - other.index).map((leaf) => openedIn(data, leaf))
  const told = opened.flatMap((leaf) => leaf.told)
  const story = storyOf(request.id, told)
  const passkeys = await passkeyEntries(store, told, size)
  return {
    format: RECEIPT_FORMAT,
    request: request.id,
    story,
    policy: await policyOf(store, story),
    entries: await Promise.all(opened.map(async ({ leaf, shown }): Promise<ReceiptEntry> => ({ ...(await proven(tree, leaf, size)), opened: shown }))),
    keys: await keyEntries(tree, size),
    ...(passkeys.length > 0 ? { passkeys } : {}),
    checkpoint: stored.note,
  }
}

type Placed = Found & { readonly index: number }

interface OpenedLeaf {
  readonly leaf: Placed
  readonly shown: ReceiptEntry['opened']
  readonly told: readonly Told[]
}

function openedIn(data: string, leaf: Placed): OpenedLeaf {
  const { entry, events } = leaf
  const secrets = openEvents(entry, keysFor(data, entry))
  const all = eventsOf(entry)
  const own = events.flatMap((at) => (all[at] ? [{ at, event: all[at], disclosed: secrets[at] ?? null }] : []))
  return {
    leaf,
    shown: own.flatMap(({ at, disclosed }) => (disclosed ? [shownOf(at, disclosed)] : [])),
    told: own.map(({ event, disclosed }) => ({ ...event, gateway: entry.gateway, at: entry.at, secret: disclosed?.secret ?? null })),
  }
}

const shownOf = (event: number, { salt, secret }: Disclosed) => ({ event, salt, secret })

async function proven(tree: TreeStore, { index, line }: Pick<Leaf, 'index' | 'line'>, size: number): Promise<ProvenEntry> {
  const { proof } = await proveInclusion(tilesOf(tree), index, size)
  return { index, line, proof: encodeProof(proof) }
}

/** Who vouches for another gateway is proved under the first checkpoint after it, which was signed by a key that counted without it. */
async function keyEntries(tree: TreeStore, size: number): Promise<readonly KeyEntry[]> {
  const entries: KeyEntry[] = []
  for (const index of await tree.keyLeaves()) {
    const [leaf] = index < size ? await tree.read(index, 1) : []
    if (!leaf) continue
    const under = parseEntry(leaf.line).type === 'gateway.vouched' ? await tree.checkpointCovering(index + 1) : null
    if (!under) entries.push(await proven(tree, leaf, size))
    else entries.push({ ...(await proven(tree, leaf, parseCheckpoint(parseNote(under.note).text).size)), checkpoint: under.note })
  }
  return entries
}

/** What the ledger has of the passkeys that reviewers signed with, as far as it is under this checkpoint: that is more than what was there when they did. */
async function passkeyEntries({ passkeys, tree }: Pick<Store, 'passkeys' | 'tree'>, told: readonly Told[], size: number): Promise<readonly ProvenEntry[]> {
  const ids = new Set(told.flatMap(({ type, body: { passkey } }) => (type === 'request.reviewed' && typeof passkey === 'string' ? [passkey] : [])))
  const entries: ProvenEntry[] = []
  for (const id of ids)
    for (const { gateway, seq } of (await passkeys.get(id))?.entries ?? []) {
      const index = await tree.indexOf(gateway, seq)
      const [leaf] = index !== null && index < size ? await tree.read(index, 1) : []
      if (leaf) entries.push(await proven(tree, leaf, size))
    }
  return entries
}

/** The texts by which it was judged when it was opened, as they were kept then. */
async function policyOf({ policies }: Pick<Store, 'policies'>, { opened }: ReturnType<typeof storyOf>): Promise<Receipt['policy']> {
  const version = opened?.['policy']
  const files = typeof version === 'string' ? await policies.get(version) : null
  return typeof version === 'string' && files ? { version, files } : null
}

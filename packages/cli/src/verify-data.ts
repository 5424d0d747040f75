import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { visible } from '@countersign/contract/visible'
import { type Checkpoint, parseCheckpoint } from '@countersign/ledger/checkpoint'
import { isSignedHead, type SignedHead } from '@countersign/ledger/gateway-key'
import { parseNote } from '@countersign/ledger/note'
import { CliError } from './error.ts'
import type { Output } from './output.ts'
import { NO_LOG, openStoredLog, type StoredLog } from './stored-log.ts'
import { openStoredRows } from './stored-rows.ts'
import type { StorePlace } from './verify-config.ts'
import { presented, type ProofOptions, tellTree, type Tree, verifyTree } from './verify-proofs.ts'

/** What a data directory has beside its journals: the tree in its store, and what its gateway signed. */
export interface Stored {
  /** Null: its store is elsewhere, or signed nothing yet; `why` says which. */
  readonly tree: Tree | null
  readonly why: string | null
  /** Whether the directory has a checkpoint of its own. */
  readonly remembered: boolean
  /** How far each chain was signed; a journal that ends before was cut. */
  readonly heads: ReadonlyMap<string, SignedHead>
}

/**
 * Verifies the tree in the store of a data directory against the checkpoint that the gateway remembers in the directory itself. Reads the store's tables, and
 * asks no gateway. Without a place the store is looked for where SQLite has it; where a place is named, and there is no tree though there was one, that is told.
 */
export async function verifyStored(data: string, place: StorePlace | null, chains: readonly string[], options: ProofOptions): Promise<Stored> {
  const remembered = rememberedBy(data)
  const rows = await openStoredRows(data, place ?? { kind: 'sqlite' })
  if (!rows && !place) return { tree: null, why: ELSEWHERE, remembered: remembered !== null, heads: new Map() }
  try {
    const log = rows ? await openStoredLog(rows, remembered?.note ?? null) : NO_LOG
    const isEmpty = remembered === null && (await log.read('checkpoint')) === null
    const tree = isEmpty ? null : await verifyTree(log.read, options, { remembered: remembered ? [remembered.checkpoint] : [], beyond: log.beyond() })
    const why = isEmpty ? 'no checkpoint of its tree was signed yet' : null
    return { tree, why, remembered: remembered !== null, heads: await signedHeads(log, chains) }
  } finally {
    await rows?.close()
  }
}

const ELSEWHERE = 'its store is not here: where that is PostgreSQL, --config countersign.yaml says where'

async function signedHeads(log: StoredLog, chains: readonly string[]): Promise<ReadonlyMap<string, SignedHead>> {
  const heads = new Map<string, SignedHead>()
  for (const chain of chains) {
    const head = await log.head(chain)
    if (head && isSignedHead(head, head.key)) heads.set(chain, head)
  }
  return heads
}

/** The last checkpoint that this gateway signed. Whoever can write there can take it away, and not make another. */
function rememberedBy(data: string): { readonly note: Uint8Array; readonly checkpoint: Checkpoint } | null {
  const path = join(data, 'checkpoint')
  if (!existsSync(path)) return null
  const note = readFileSync(path)
  try {
    return { note, checkpoint: parseCheckpoint(parseNote(note).text) }
  } catch (cause) {
    throw new CliError('failed', `${path} holds no checkpoint`, 'restore it from a backup, or keep it as evidence and move it away', { cause })
  }
}

/** For `--json`. */
export const presentedStored = ({ tree, why }: Stored) => (tree ? presented(tree) : { ok: true, why })

export function tellStored(out: Output, data: string, { tree, why, remembered }: Stored, options: ProofOptions): void {
  if (tree) tellTree(out, `${data}, the tree in its store`, tree, options)
  if (tree?.ok && remembered) out.line(visible(`  it continues the checkpoint that its gateway keeps in ${join(data, 'checkpoint')}`))
  if (!tree) out.note(`${data}: the tree was not verified: ${why ?? ''}`)
}

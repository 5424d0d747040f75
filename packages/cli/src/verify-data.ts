import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { visible } from '@countersign/contract/visible'
import { parse } from 'yaml'
import { z } from 'zod'
import { type Checkpoint, parseCheckpoint } from '@countersign/ledger/checkpoint'
import { isSignedHead, type SignedHead } from '@countersign/ledger/gateway-key'
import { parseNote } from '@countersign/ledger/note'
import { CliError } from './error.ts'
import type { Output } from './output.ts'
import { openStoredLog } from './stored-log.ts'
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
 * Verifies the tree in the store of a data directory, where that is SQLite, against the checkpoint that the gateway remembers in the directory itself. Reads the
 * store's file, and asks no gateway.
 */
export async function verifyStored(data: string, chains: readonly string[], options: ProofOptions): Promise<Stored> {
  const remembered = rememberedBy(data)
  const log = openStoredLog(data)
  if (!log)
    return {
      tree: null,
      why: 'its store is not here: `countersign ledger export --format tiles DIR` gets its tree, and `ledger verify DIR` verifies that',
      remembered: remembered !== null,
      heads: new Map(),
    }
  try {
    const heads = chains.flatMap((chain) => log.head(chain) ?? []).filter((head) => isSignedHead(head, head.key))
    const isEmpty = remembered === null && (await log.read('checkpoint')) === null
    const tree = isEmpty ? null : await verifyTree(log.read, options, remembered ? [remembered] : [])
    return {
      tree,
      why: isEmpty ? 'no checkpoint of its tree was signed yet' : null,
      remembered: remembered !== null,
      heads: new Map(heads.map((head) => [head.gateway, head])),
    }
  } finally {
    log.close()
  }
}

/** The last checkpoint that this gateway signed. Whoever can write there can take it away, and not make another. */
function rememberedBy(data: string): Checkpoint | null {
  const path = join(data, 'checkpoint')
  try {
    return existsSync(path) ? parseCheckpoint(parseNote(readFileSync(path)).text) : null
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

const Configured = z.object({ recordings: z.object({ directory: z.string().optional() }).optional() })

/** Where a configuration keeps recordings; null for a bucket, and where none are kept. Throws CliError for a file that is no configuration. */
export function recordingsIn(file: string): string | null {
  try {
    const { recordings } = Configured.parse(parse(readFileSync(file, 'utf8')))
    return recordings?.directory === undefined ? null : resolve(dirname(file), recordings.directory)
  } catch (cause) {
    throw new CliError('failed', `${file} is not read as a configuration`, 'name the countersign.yaml of this gateway after --config', { cause })
  }
}

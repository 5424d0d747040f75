import { createPublicKey } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseCheckpoint } from '@countersign/ledger/checkpoint'
import { parseNote } from '@countersign/ledger/note'
import { z } from 'zod'
import type { GatewayProcess } from '../gateway.ts'
import { countersign } from '../ledger.ts'
import type { LedgerSoFar } from './ledger.ts'

/** A checkpoint is signed every ten seconds; on a busy machine a gateway that was killed needs longer to have the lease again. */
const COVERED_MS = 90_000

const Log = z.object({ ok: z.boolean(), problems: z.array(z.object({ place: z.string(), message: z.string() })) })
const Chains = z.object({ chains: z.array(z.object({ gateway: z.string(), entries: z.number(), covered: z.number() })) })

/**
 * What is wrong with the tree of a gateway that runs: exported from its store, and verified with the key in its data directory and nothing else. It
 * has to have all that the journals had when they were read last.
 */
export async function treeProblems(gateway: GatewayProcess, { heads }: LedgerSoFar): Promise<readonly string[]> {
  const files = mkdtempSync(join(tmpdir(), 'countersign-killed-tree-'))
  try {
    await covered(
      gateway,
      [...heads.values()].reduce((sum, { seq }) => sum + seq, 0),
    )
    await countersign(['ledger', 'export', '--format', 'tiles', files, '--data', gateway.data])
    const { stdout } = await countersign(['ledger', 'verify', files, '--key', keyIn(gateway.data), '--json'])
    const told: unknown = JSON.parse(stdout)
    const { problems } = Log.parse(told)
    if (problems.length > 0) return problems.map(({ place, message }) => `the tree: ${place}: ${message}`)
    const chains = new Map(Chains.parse(told).chains.map((chain) => [chain.gateway, chain]))
    const short = [...heads].filter(([gateway, { seq }]) => (chains.get(gateway)?.entries ?? 0) < seq)
    return short.map(([gateway, { seq }]) => `the tree lacks entries of ${gateway}, which wrote ${seq}`)
  } finally {
    rmSync(files, { recursive: true })
  }
}

/** Resolves when its last checkpoint has at least so many entries. */
async function covered(gateway: GatewayProcess, entries: number): Promise<void> {
  const client = gateway.api()
  for (const end = performance.now() + COVERED_MS; ; await sleep(200)) {
    const note = await client.ledgerFile('checkpoint').catch(() => null)
    const size = note ? parseCheckpoint(parseNote(note).text).size : 0
    if (size >= entries) return
    if (performance.now() > end) throw new Error(`${entries} entries were written, and ${size} are under a checkpoint`)
  }
}

/** The public key that its checkpoints have to be signed by. */
function keyIn(data: string): string {
  const [file = ''] = readdirSync(join(data, 'keys')).filter((name) => name.endsWith('-signing.pem'))
  const { x = '' } = createPublicKey(readFileSync(join(data, 'keys', file))).export({ format: 'jwk' })
  return Buffer.from(x, 'base64url').toString('base64')
}

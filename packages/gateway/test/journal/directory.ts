import { createSecretKey } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { DataKey } from '@countersign/ledger/seal'
import { verifyChain, type Verified } from '@countersign/ledger/verify'
import { onTestFinished } from 'vitest'
import { readJournal } from '../../src/journal/read.ts'

/** An empty data directory that goes with the test. */
export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-journal-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** The gateway's whole chain, verified with all keys that are there. */
export function verify(directory: string, gateway: string): Promise<Verified> {
  return verifyChain(readJournal(directory, gateway), { gateway, keys: keysIn(directory) })
}

export function keysIn(directory: string): Map<string, DataKey> {
  const folder = join(directory, 'keys')
  return new Map(
    readdirSync(folder)
      .filter((name) => name.endsWith('.key'))
      .map((name) => {
        const id = basename(name, '.key')
        return [id, { id, key: createSecretKey(readFileSync(join(folder, name), 'utf8').trim(), 'hex') }]
      }),
  )
}

export async function linesOf(directory: string, gateway: string): Promise<string[]> {
  const lines: string[] = []
  for await (const line of readJournal(directory, gateway)) lines.push(Buffer.from(line).toString())
  return lines
}

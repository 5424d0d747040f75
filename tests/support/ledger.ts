import { execFile } from 'node:child_process'
import { createSecretKey } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Entry, parseEntry } from '@countersign/ledger/entry'
import { eventsOf, openEvents } from '@countersign/ledger/group'
import type { Keys, Secret } from '@countersign/ledger/seal'

const CLI = new URL('../../packages/cli/bin/countersign.js', import.meta.url).pathname

/** Everything in a gateway's own journal, in order. */
export function entriesOf(data: string): readonly Entry[] {
  return linesOf(data).flatMap(told)
}

function linesOf(data: string): readonly string[] {
  const folder = join(data, 'journal')
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'))
  return files.sort().flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean))
}

/** The texts of all statements that a gateway recorded, opened with the keys that lie beside its journal. */
export const textsIn = (data: string): readonly unknown[] => secretsIn(data).flatMap(({ text }) => text ?? [])

/** Everything that a gateway sealed. */
export function secretsIn(data: string): readonly Secret[] {
  const keys = keysIn(data)
  return linesOf(data).flatMap((line) => openEvents(parseEntry(line), keys).flatMap((opened) => (opened ? [opened.secret] : [])))
}

/** All data keys of a gateway, its people's too. */
export function keysIn(data: string): Keys {
  const ids = readdirSync(join(data, 'keys')).flatMap((name) => (name.endsWith('.key') ? [name.slice(0, -'.key'.length)] : []))
  return new Map(ids.map((id) => [id, { id, key: createSecretKey(readFileSync(join(data, 'keys', `${id}.key`), 'utf8').trim(), 'hex') }]))
}

/** A line of the ledger; as several, when it carries several events: each stands for itself, in the place of them all. */
export function told(line: string): readonly Entry[] {
  const entry = parseEntry(line)
  return eventsOf(entry).map(({ type, body }) => ({ ...entry, type, body }))
}

interface Verified {
  readonly ok: boolean
  readonly chains: readonly { readonly entries: number; readonly bad: { readonly seq: number; readonly why: string } | null; readonly place: string | null }[]
}

/** What `countersign ledger verify --json` says of a data directory. */
export async function verify(data: string): Promise<Verified & { readonly code: number | null }> {
  const { code, stdout } = await countersign(['ledger', 'verify', '--data', data, '--json'])
  return { code, ...(JSON.parse(stdout) as Verified) }
}

/** Runs the command-line program to its end. */
export function countersign(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [CLI, ...args], { env: { ...process.env, ...env } }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    )
  })
}

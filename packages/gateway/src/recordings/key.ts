import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SecretSource } from '../config/config.ts'
import { readSecret, SecretError } from '../config/secret.ts'
import { writeDurably } from '../journal/files.ts'

/** What recordings are written for, and everything that may open them: several where the key was changed. */
export interface RecordingKey {
  readonly recipient: string
  readonly identities: readonly string[]
}

/** Where the gateway keeps the key that it made itself. */
export const ownKeyPath = (data: string): string => join(data, 'keys', 'recordings.agekey')

/**
 * Reads age identities as age-keygen writes them; the first is the one that new recordings are for. Where no source is configured
 * the gateway makes a key in its data directory. Rejects with SecretError, which holds nothing of the key.
 */
export async function readRecordingKey(source: SecretSource | null, data: string): Promise<RecordingKey> {
  const content = source === null ? await ownKey(data) : await readSecret(source)
  const identities = content
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  const [first] = identities
  if (first === undefined) throw new SecretError('the key of recordings is empty')
  const { identityToRecipient } = await import('age-encryption') // most gateways record nothing
  try {
    const recipients = await Promise.all(identities.map(identityToRecipient))
    return { recipient: recipients[0] ?? '', identities }
  } catch {
    throw new SecretError('the key of recordings is no age identity: make one with `age-keygen`, whose lines are `AGE-SECRET-KEY-1…`')
  }
}

async function ownKey(data: string): Promise<string> {
  const path = ownKeyPath(data)
  if (!existsSync(path)) writeDurably(path, `${await (await import('age-encryption')).generateX25519Identity()}\n`)
  return readFileSync(path, 'utf8')
}

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { existsSync, readFileSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { syncDirectory, writeDurably } from '../journal/files.ts'
import { type Journal, JournalBroken } from '../journal/journal.ts'
import { readJournal } from '../journal/read.ts'

/** What vouches for what this gateway wrote: an Ed25519 key that never leaves its data directory. */
export interface Signer {
  /** 32 bytes (RFC 8032). */
  readonly publicKey: Uint8Array
  /** 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array
}

/** For a private key that was read, or handed over by another thread. */
export function signerOf(privateKey: KeyObject): Signer {
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
  return { publicKey: Buffer.from(x, 'base64url'), sign: (bytes) => sign(null, bytes, privateKey) }
}

const keyPath = (directory: string, gateway: string) => join(directory, 'keys', `${gateway}-signing.pem`)

/** A key under this name is not in the ledger yet, or was not when its process ended. */
const nextPath = (directory: string, gateway: string) => join(directory, 'keys', `${gateway}-signing-next.pem`)

/**
 * The key of the gateway whose journal this is. At the first start it is made, and enrolled by an entry; a crash in between is
 * made good by enrolling the same key once more, which changes nothing. Rejects with JournalBroken when the ledger knows of a
 * key and the data directory has none, and when its file holds none.
 */
export async function openSigningKey(directory: string, journal: Journal): Promise<KeyObject> {
  const [path, next] = [keyPath(directory, journal.gateway), nextPath(directory, journal.gateway)]
  if (existsSync(path)) return readKey(path)
  if (!existsSync(next)) {
    await assertNeverEnrolled(directory, journal.gateway, path)
    writeDurably(next, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }))
  }
  const key = readKey(next)
  await journal.append({ type: 'gateway.enrolled', body: { key: nameOf(signerOf(key)) } }, 'disk')
  renameSync(next, path)
  syncDirectory(dirname(path))
  return key
}

/** A key as entries name it. */
export const nameOf = ({ publicKey }: Signer): string => Buffer.from(publicKey).toString('base64')

function readKey(path: string): KeyObject {
  try {
    const key = createPrivateKey(readFileSync(path))
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch (cause) {
    throw new JournalBroken(`${path} holds no private key (${cause instanceof Error ? cause.message : String(cause)}); restore it from a backup`, { cause })
  }
  throw new JournalBroken(`${path} holds no Ed25519 key; restore it from a backup`)
}

/** Reads the whole chain, and only where there is no key: a gateway that was given a second first key would vouch for nothing. */
async function assertNeverEnrolled(directory: string, gateway: string, path: string): Promise<void> {
  for await (const line of readJournal(directory, gateway)) {
    if (!Buffer.from(line).includes('"type":"gateway.enrolled"')) continue
    throw new JournalBroken(
      `${path} is missing, and the ledger says that this gateway has a signing key: restore it from a backup, or start with a new data directory`,
    )
  }
}

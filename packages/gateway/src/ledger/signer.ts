import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
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
 * The key of the gateway whose journal this is. At the first start it is made, and enrolled by an entry. Rejects with
 * JournalBroken when the ledger knows of a key and the data directory has none, and when its file holds none.
 */
export async function openSigningKey(directory: string, journal: Journal): Promise<KeyObject> {
  const [path, next] = [keyPath(directory, journal.gateway), nextPath(directory, journal.gateway)]
  if (existsSync(next)) await settleNext(directory, journal.gateway)
  if (existsSync(path)) return readKey(path)
  await assertNeverEnrolled(directory, journal.gateway, path)
  return adoptKey(directory, journal.gateway, (key) => journal.append({ type: 'gateway.enrolled', body: { key } }, 'disk'))
}

/** Makes a key, has it recorded, and only then puts it where the next start looks for it, in the place of the one before. */
export async function adoptKey(directory: string, gateway: string, record: (name: string) => Promise<unknown>): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync('ed25519')
  const next = nextPath(directory, gateway)
  writeDurably(next, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  await record(nameOf(signerOf(privateKey)))
  adopt(directory, gateway)
  return privateKey
}

function adopt(directory: string, gateway: string): void {
  const path = keyPath(directory, gateway)
  renameSync(nextPath(directory, gateway), path)
  syncDirectory(dirname(path))
}

/** A crash came between: what the ledger has of it decides. */
async function settleNext(directory: string, gateway: string): Promise<void> {
  const next = nextPath(directory, gateway)
  const name = nameOf(signerOf(readKey(next)))
  if (await isRecorded(directory, gateway, (line) => line.includes(`"key":"${name}"`))) adopt(directory, gateway)
  else rmSync(next)
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
  if (await isRecorded(directory, gateway, () => true))
    throw new JournalBroken(
      `${path} is missing, and the ledger says that this gateway has a signing key: restore it from a backup, or start with a new data directory`,
    )
}

/** Whether an entry about a key of this gateway is such. Reads the whole chain, which hardly any start does. */
async function isRecorded(directory: string, gateway: string, such: (line: Buffer) => boolean): Promise<boolean> {
  for await (const bytes of readJournal(directory, gateway)) {
    const line = Buffer.from(bytes)
    if (ABOUT_KEYS.some((type) => line.includes(type)) && such(line)) return true
  }
  return false
}

const ABOUT_KEYS = ['"type":"gateway.enrolled","v":1}', '"type":"gateway.key-rotated","v":1}']

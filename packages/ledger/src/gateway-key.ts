import { decodeBase64 } from './base64.ts'
import { canonical } from './canonical.ts'
import { isSigned } from './ed25519.ts'
import type { Head } from './verify.ts'

/**
 * What a gateway's Ed25519 key (RFC 8032) vouches for. Public keys are their 32 bytes, signatures their 64, both base64 where
 * they stand in JSON. Each signed text begins with a line that says what it is, so that none passes for another.
 */
export interface SignedHead extends Pick<Head, 'gateway' | 'seq' | 'hash'> {
  /** The public key that signed it; what it is worth depends on whose it is. */
  readonly key: string
  readonly signature: string
}

/** What is signed of a head: the chain of `gateway` up to the entry `seq`, whose hash is `hash`. */
export function headText({ gateway, seq, hash }: Pick<SignedHead, 'gateway' | 'seq' | 'hash'>): Uint8Array {
  return Buffer.from(`countersign/head/v1\n${canonical({ gateway, hash, seq })}`)
}

/** What the key before signs of the one that follows it: from then on it may sign heads no more, but those up to `through` of each chain. */
export interface Rotated {
  readonly gateway: string
  readonly key: string
  /** The last entry of each chain of this gateway and its workers that the key before vouches for; none where a chain is not named. */
  readonly through: Readonly<Record<string, number>>
}

export function rotationText({ gateway, key, through }: Rotated): Uint8Array {
  return Buffer.from(`countersign/key-rotated/v1\n${canonical({ gateway, key, through })}`)
}

/** Whether the head was signed by this key. False for whatever is no key or no signature. */
export function isSignedHead(head: SignedHead, key: string): boolean {
  return head.key === key && isSignedBy(key, headText(head), head.signature)
}

/** Whether `signature` is this key's for `text`. False for whatever is no key or no signature. */
export function isSignedBy(key: string, text: Uint8Array, signature: string): boolean {
  const publicKey = decodeBase64(key)
  return publicKey !== null && isSigned(publicKey, text, Buffer.from(signature, 'base64'))
}

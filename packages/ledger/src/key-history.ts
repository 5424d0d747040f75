import type { Entry } from './entry.ts'
import { isSignedBy, isSignedHead, rotationText, type SignedHead } from './gateway-key.ts'

interface Named {
  readonly key: string
  /** Of a key that was followed by another: the last entry of each chain that it vouches for. Null for the one in force. */
  readonly through: Readonly<Record<string, number>> | null
}

/**
 * The keys of one gateway, as its own chain names them: enrolled once, then each signed by the one before. Whether that
 * gateway is to be trusted at all is another question.
 */
export class KeyHistory {
  readonly #keys: Named[] = []

  /** The key in force after all entries that were read; null before one was enrolled. */
  get current(): string | null {
    return this.#keys.at(-1)?.key ?? null
  }

  /** Every key that was ever in force, oldest first. */
  get keys(): readonly string[] {
    return this.#keys.map(({ key }) => key)
  }

  /** Reads the gateway's own entries, in order; those about anything else change nothing. Null, or why this entry makes no key valid. */
  read({ gateway, type, body }: Pick<Entry, 'gateway' | 'type' | 'body'>): string | null {
    if (type === 'gateway.enrolled') return this.#enrol(body)
    if (type === 'gateway.key-rotated') return this.#rotate(gateway, body)
    return null
  }

  /** True when the head is signed by a key that may vouch for that place of that chain, the gateway's own or a worker's. */
  vouchesFor(head: SignedHead): boolean {
    return this.#keys.some(({ key, through }) => (through === null || head.seq <= upTo(through, head.gateway)) && isSignedHead(head, key))
  }

  #enrol({ key }: Entry['body']): string | null {
    if (typeof key !== 'string') return 'it enrols no key'
    if (this.current !== null) return 'it enrols a key where there is one, which only a rotation may follow'
    this.#keys.push({ key, through: null })
    return null
  }

  #rotate(gateway: string, { key, signature, through }: Entry['body']): string | null {
    const last = this.#keys.at(-1)
    if (!last) return 'it rotates a key where none was enrolled'
    if (typeof key !== 'string' || typeof signature !== 'string' || !isCounts(through)) return 'it names no key that follows'
    if (!isSignedBy(last.key, rotationText({ gateway, key, through }), signature)) return 'the key before did not sign the one that is to follow it'
    this.#keys.splice(-1, 1, { key: last.key, through }, { key, through: null })
    return null
  }
}

const upTo = (through: Readonly<Record<string, number>>, chain: string): number => (Object.hasOwn(through, chain) ? (through[chain] ?? 0) : 0)

function isCounts(value: unknown): value is Readonly<Record<string, number>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every((count) => Number.isSafeInteger(count))
}

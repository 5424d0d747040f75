import { generateKeyPairSync } from 'node:crypto'
import { type Entry, encodeEntry, hashEntry, NO_PREVIOUS } from '@countersign/ledger/entry'
import { headText } from '@countersign/ledger/gateway-key'
import { nameOf, type Signer, signerOf } from '../../src/ledger/signer.ts'
import type { LedgerStore, StoredEntry } from '../../src/store/store.ts'

/** A gateway, or a worker with its gateway's key, as its drain leaves entries in a store. */
export class Chain {
  readonly gateway: string
  readonly signer: Signer
  #seq = 0
  #prev = NO_PREVIOUS

  constructor(gateway: string, signer: Signer = signerOf(generateKeyPairSync('ed25519').privateKey)) {
    this.gateway = gateway
    this.signer = signer
  }

  get key(): string {
    return nameOf(this.signer)
  }

  get seq(): number {
    return this.#seq
  }

  next(type: string, body: Entry['body'] = {}): StoredEntry {
    const seq = ++this.#seq
    const line = encodeEntry({ v: 1, gateway: this.gateway, seq, prev: this.#prev, at: seq, type, body })
    this.#prev = hashEntry(line)
    return { gateway: this.gateway, seq, line }
  }

  /** Writes entries as one batch, with the head that its key signs. */
  async write(ledger: LedgerStore, entries: readonly StoredEntry[]): Promise<readonly StoredEntry[]> {
    const head = { gateway: this.gateway, seq: this.#seq, hash: this.#prev }
    const signature = Buffer.from(this.signer.sign(headText(head))).toString('base64')
    await ledger.append(entries, { ...head, key: this.key, signature })
    return entries
  }

  enrol(ledger: LedgerStore): Promise<readonly StoredEntry[]> {
    return this.write(ledger, [this.next('gateway.enrolled', { key: this.key })])
  }

  /** `count` entries in one batch. */
  act(ledger: LedgerStore, count: number): Promise<readonly StoredEntry[]> {
    return this.write(
      ledger,
      Array.from({ length: count }, (_, index) => this.next('action.decided', { index })),
    )
  }

  vouch(ledger: LedgerStore, { gateway, key }: Chain): Promise<readonly StoredEntry[]> {
    return this.write(ledger, [this.next('gateway.vouched', { gateway, key })])
  }
}

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { leafHash, rootOf } from '@countersign/ledger/merkle'
import { rootFromTiles } from '@countersign/ledger/proof'
import { expect, onTestFinished } from 'vitest'
import { Checkpoints, remembered, type Witnessed } from '../../src/ledger/checkpoints.ts'
import { Sequencer, type Turn } from '../../src/ledger/sequencer.ts'
import { tilesOf } from '../../src/ledger/stored-tiles.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { newDirectory } from '../journal/directory.ts'
import type { Chain } from './chain.ts'

export interface Bed {
  readonly store: Store
  /** What somebody does to the database behind the gateways' back. */
  readonly sql: (text: string) => void
}

export async function newBed(): Promise<Bed> {
  const data = newDirectory()
  const store = await openStore({ store: { kind: 'sqlite' }, data })
  onTestFinished(() => store.close())
  return {
    store,
    sql: (text) => {
      const database = new DatabaseSync(join(data, 'countersign.db'))
      database.exec(text)
      database.close()
    },
  }
}

/** Time that a test lets pass. */
export class Hands {
  #now = 1_000

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  pass(ms: number): void {
    this.#now += ms
  }
}

/** What one gateway's thread does, a turn at a time. */
export interface Gateway {
  readonly sequencer: Sequencer
  turn(): Promise<Turn>
  /** Signs what there is. */
  seal(): Promise<unknown>
  /** As after a kill -9: it has only its data directory. */
  restarted(): Gateway
  forget(): void
}

export function gatewayOn(
  store: Store,
  chain: Chain,
  clock: Hands,
  options: { readonly batch?: number; readonly directory?: string; readonly witnessed?: Witnessed } = {},
): Gateway {
  const directory = options.directory ?? newDirectory()
  const sequencer = new Sequencer(store, {
    gateway: chain.gateway,
    clock,
    remembered: () => remembered(directory),
    ...(options.batch && { batch: options.batch }),
  })
  const sign = (text: Uint8Array) => Promise.resolve({ publicKey: chain.signer.publicKey, signature: chain.signer.sign(text) })
  const checkpoints = new Checkpoints(store.tree, directory, { gateway: chain.gateway, sign, clock, witnessed: () => options.witnessed ?? null })
  return {
    sequencer,
    turn: () => sequencer.turn(),
    seal: async () => (sequencer.growing ? checkpoints.sign(sequencer.growing) : null),
    restarted: () => gatewayOn(store, chain, clock, { ...options, directory }),
    forget: () => rmSync(join(directory, 'checkpoint'), { force: true }),
  }
}

/** The tree's leaves, whose hashes must be those that its tiles say. */
export async function leavesOf({ tree }: Store): Promise<readonly string[]> {
  const { size } = await tree.state()
  const leaves = await tree.read(0, size)
  expect(leaves.map(({ index }) => index)).toEqual(Array.from({ length: size }, (_, index) => index))
  const root = await rootFromTiles(tilesOf(tree), size)
  expect(Buffer.from(root)).toEqual(Buffer.from(rootOf(leaves.map(({ line }) => leafHash(Buffer.from(line))))))
  return leaves.map(({ gateway, seq }) => `${gateway} ${seq}`)
}

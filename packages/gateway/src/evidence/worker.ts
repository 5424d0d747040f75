import { parentPort, workerData } from 'node:worker_threads'
import type { Config } from '../config/config.ts'
import { openTree } from '../store/open.ts'
import type { Period } from './collect.ts'
import { readEntries, type Told } from './entries.ts'

/** What the thread is started with; it reads once. */
export interface Start {
  readonly config: Pick<Config, 'store' | 'data'>
  readonly period: Period
}

export type Answer = { readonly told: Told } | { readonly failed: string }

const { config, period }: Start = workerData
parentPort?.postMessage(await read())

/** On a connection of its own. No key is opened here, and none is needed: what a report tells is sealed nowhere. */
async function read(): Promise<Answer> {
  const store = await openTree(config)
  try {
    return { told: await readEntries(store.tree, period) }
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) }
  } finally {
    await store.close()
  }
}

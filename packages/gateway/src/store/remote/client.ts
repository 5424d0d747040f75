import type { z } from 'zod'
import { Patience } from '../patience.ts'
import { type WorkerStore, type StoreEvent, StoreUnavailable } from '../store.ts'
import { CALLS, eventShape, type SubStores } from './calls.ts'

/** Puts a question to the process that has the store open; resolves to what it answered, in JSON. */
export type Ask = (call: string, args: readonly unknown[]) => Promise<unknown>

/** The store of a process that does not open one, with what its channel delivers to it. */
export interface RemoteStore extends WorkerStore {
  /** What the other process said has changed. Throws where that is no event. */
  heard(event: unknown): void
}

/** The same methods as the store itself, each asked of the process that has it open. */
export function remoteStore(ask: Ask): RemoteStore {
  const patience = new Patience()
  let refused: Error | null = null
  const listeners = new Set<(event: StoreEvent) => void>()
  const call = (name: string, args: readonly unknown[], result: z.ZodType) => patience.ask(() => answered(ask, name, args, result))
  const emit = (event: StoreEvent) => {
    // In a microtask each, so that a listener's failure is its own and not the channel's.
    for (const listener of listeners) queueMicrotask(() => listeners.has(listener) && listener(event))
  }
  return {
    ...subStores(call),
    subscribe: (callback) => {
      const listener = (event: StoreEvent) => callback(event)
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    ping: async () => {
      const answer = patience
        .ask(() => answered(ask, 'ping', [], null))
        .then(
          () => void (refused = null),
          (error: Error) => {
            throw (refused = error)
          },
        )
      await Promise.race([answer, patience.nextAnswer().then(() => refused && Promise.reject(refused))])
    },
    close: () => Promise.resolve(listeners.clear()),
    heard: (event) => emit(eventShape.parse(event)),
  }
}

type Asking = (name: string, args: readonly unknown[], result: z.ZodType) => Promise<unknown>

function subStores(call: Asking): SubStores {
  const entries = Object.entries(CALLS).map(([part, methods]) => {
    const asked = Object.entries(methods).map(([method, { result }]: [string, { readonly result: z.ZodType }]) => {
      return [method, (...args: readonly unknown[]) => call(`${part}.${method}`, args, result)] as const
    })
    return [part, Object.fromEntries(asked)] as const
  })
  return Object.fromEntries(entries) as unknown as SubStores // CALLS has each method of each part, which the compiler checks there
}

async function answered(ask: Ask, name: string, args: readonly unknown[], shape: z.ZodType | null): Promise<unknown> {
  const answer = await ask(name, args).catch((cause: unknown) => {
    throw new StoreUnavailable(cause instanceof Error ? cause.message : String(cause), { cause })
  })
  const result = shape?.safeParse(answer)
  if (result?.success === false) throw new StoreUnavailable(`what was answered to ${name} is not what a store answers: ${result.error.message}`)
  return result?.data
}

import type { Change, Events } from '../database.ts'
import type { StoreEvent } from '../store.ts'

type Listener = (event: StoreEvent) => void

/** One process owns an SQLite file, so whoever listens to it is here; keyed by file, for the stores opened on it. */
const listeners = new Map<string, Set<Listener>>()

export function sqliteEvents(file: string): Events {
  const mine = new Set<Listener>()
  const everybody = listeners.get(file) ?? new Set()
  listeners.set(file, everybody)

  const leave = (listener: Listener) => {
    mine.delete(listener)
    everybody.delete(listener)
  }

  return {
    announce: () => Promise.resolve(),
    committed: (changes: readonly Change[]) => {
      // In a microtask each, so that a listener's failure is its own and never that of the change.
      for (const change of changes) for (const listener of everybody) queueMicrotask(() => listener(change))
    },
    isListening: true,
    subscribe: (callback) => {
      const listener: Listener = (event) => mine.has(listener) && callback(event)
      mine.add(listener)
      everybody.add(listener)
      return () => leave(listener)
    },
    close: () => {
      mine.forEach(leave)
      return Promise.resolve()
    },
  }
}

import { useSyncExternalStore } from 'react'

const TICK_MS = 1_000

/** One timer for everything on the page that says how long ago, or how long still. */
const watchers = new Set<() => void>()
let now = Date.now()
let timer: ReturnType<typeof setInterval> | undefined

function watch(watcher: () => void): () => void {
  watchers.add(watcher)
  timer ??= setInterval(() => {
    now = Date.now()
    for (const each of watchers) each()
  }, TICK_MS)
  return () => {
    watchers.delete(watcher)
    if (watchers.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** Unix milliseconds, a second old at most. */
export const useNow = (): number =>
  useSyncExternalStore(watch, () => {
    if (timer === undefined) now = Date.now()
    return now
  })

import type { Change } from '@countersign/contract/schemas/change'
import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { createContext, use, useEffect, useState } from 'react'
import { queries } from './queries.ts'
import type { Liveness } from './stream.ts'
import { followChanges } from './tabs.ts'

/** Changes that come together are one reading of what they change. */
const GATHER_MS = 100

export const LivenessContext = createContext<Liveness>('connecting')

/** Whether what is shown is kept true. */
export const useLiveness = (): Liveness => use(LivenessContext)

/** Keeps the query cache true while the component is there: once, in the shell. */
export function useLiveQueries(): Liveness {
  const cache = useQueryClient()
  const [state, setState] = useState<Liveness>('connecting')
  useEffect(() => {
    const stop = new AbortController()
    const invalidate = gathering(cache, stop.signal)
    followChanges({ state: setState, change: (change) => apply(cache, invalidate, change) }, stop.signal)
    return () => stop.abort()
  }, [cache])
  return state
}

function apply(cache: QueryClient, invalidate: (...key: string[]) => void, change: Change): void {
  switch (change.kind) {
    case 'request':
      cache.setQueryData(queries.request(change.request.id).queryKey, change.request)
      return invalidate('requests')
    case 'grant':
      if (change.grant.request !== null) invalidate(...queries.context(change.grant.request).queryKey)
      return invalidate('grants')
    case 'run':
      return invalidate(...queries.context(change.request).queryKey)
    case 'session':
      return invalidate('sessions')
    case 'people':
      invalidate('passkeys')
      return invalidate('people')
    case 'resync':
      void cache.invalidateQueries()
  }
}

/** What is to be read again, all at once in a moment, by the beginning of its key. */
function gathering(cache: QueryClient, signal: AbortSignal): (...key: string[]) => void {
  const keys = new Map<string, readonly string[]>()
  let timer: ReturnType<typeof setTimeout> | undefined
  signal.addEventListener('abort', () => clearTimeout(timer))
  return (...key) => {
    keys.set(key.join(' '), key)
    timer ??= setTimeout(() => {
      for (const queryKey of keys.values()) void cache.invalidateQueries({ queryKey })
      keys.clear()
      timer = undefined
    }, GATHER_MS)
  }
}

import type { Request } from '@countersign/core/request'
import type { HoldEnd } from '../adapters/adapter.ts'
import { type WorkerStore, StoreUnavailable } from '../store/store.ts'
import { watchOf } from './watch.ts'

/** Why a wait is over: somebody decided, the client ended it, or the session did. */
export type Waited = { readonly by: 'decision'; readonly request: Request } | { readonly by: 'client'; readonly end: HoldEnd } | { readonly by: 'session' }

export interface Waiting {
  readonly client: AbortSignal
  readonly session: AbortSignal
  readonly reminderMs: number
  remind(): void
}

/** Resolves when the request is no longer pending, or when the client or the session ends the wait. Reminds meanwhile. */
export async function waitForDecision(store: WorkerStore, id: string, waiting: Waiting): Promise<Waited> {
  const { promise, resolve, reject } = Promise.withResolvers<Waited>()
  const look = () => {
    store.requests.get(id).then(
      (request) => {
        if (request && request.status !== 'pending') resolve({ by: 'decision', request })
      },
      (error: unknown) => {
        if (!(error instanceof StoreUnavailable)) reject(error) // else it is looked at again, until the session is cut
      },
    )
  }
  const unwatch = watchOf(store).add(id, look)
  const reminding = setInterval(() => waiting.remind(), waiting.reminderMs)
  const onClient = () => resolve({ by: 'client', end: waiting.client.reason as HoldEnd })
  const onSession = () => resolve({ by: 'session' })
  waiting.client.addEventListener('abort', onClient)
  waiting.session.addEventListener('abort', onSession)
  if (waiting.client.aborted) onClient()
  if (waiting.session.aborted) onSession()
  look() // it may have been decided between its opening and this subscription

  try {
    return await promise
  } finally {
    unwatch()
    clearInterval(reminding)
    waiting.client.removeEventListener('abort', onClient)
    waiting.session.removeEventListener('abort', onSession)
  }
}

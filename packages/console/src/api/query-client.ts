import { ClientError } from '@countersign/contract/client-error'
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { isSignedOut } from './client.ts'
import { queries } from './queries.ts'

/** A refusal stays one however often it is asked; only a gateway that did not answer may answer the next time. */
const mayRecover = (error: Error): boolean => error instanceof ClientError && (error.code === 'unreachable' || (error.status ?? 0) >= 500)

/** Whatever call finds out that the login has ended, the whole console is told: the shell shows the way in. */
function noticeSignOut(error: Error): void {
  if (isSignedOut(error)) queryClient.setQueryData(queries.whoami.queryKey, null)
}

/** Everything shown comes from here. `live.ts` keeps it true, so nothing is asked again by the clock. */
export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: noticeSignOut }),
  mutationCache: new MutationCache({ onError: noticeSignOut }),
  defaultOptions: {
    queries: { staleTime: 60_000, retry: (count, error) => count < 2 && mayRecover(error), networkMode: 'always' },
    mutations: { networkMode: 'always' },
  },
})

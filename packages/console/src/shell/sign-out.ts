import { useMutation, useQueryClient } from '@tanstack/react-query'
import { client } from '../api/client.ts'
import { queries } from '../api/queries.ts'
import { unsubscribeThisBrowser } from '../api/web-push.ts'

/** Ends the sign-in of this browser, and at the issuer too where there is one. Whatever was read goes with it. */
export function useSignOut() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: async () => {
      await unsubscribeThisBrowser().catch(() => undefined) // what cannot be taken back here must not keep anybody signed in
      return client.signOut()
    },
    onSuccess: ({ next }) => {
      cache.setQueryData(queries.whoami.queryKey, null)
      cache.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== queries.whoami.queryKey[0] })
      // Afterwards: a browser keeps the page as it is left, and shows that to whoever goes back to it.
      if (next !== null) window.location.assign(next)
    },
  })
}

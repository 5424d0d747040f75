import type { RequestStatus } from '@countersign/contract/schemas/request'
import { queryOptions } from '@tanstack/react-query'
import { client, isSignedOut } from './client.ts'

/** What can be asked of the gateway, and under which key the answer is kept. The first word of a key is what `live.ts` knows it by. */
export const queries = {
  /** Null: nobody is signed in. */
  whoami: queryOptions({
    queryKey: ['whoami'],
    queryFn: () =>
      client.whoami().catch((error: unknown) => {
        if (isSignedOut(error)) return null
        throw error
      }),
  }),
  signIn: queryOptions({ queryKey: ['sign-in'], queryFn: () => client.signIn() }),
  gateway: queryOptions({ queryKey: ['gateway'], queryFn: () => client.gateway() }),
  inbox: queryOptions({ queryKey: ['requests', 'inbox'], queryFn: () => client.requests({ inbox: true }) }),
  requests: (status?: RequestStatus) =>
    queryOptions({ queryKey: ['requests', 'seen', status ?? 'all'], queryFn: () => client.requests(status === undefined ? {} : { status }) }),
  request: (id: string) => queryOptions({ queryKey: ['request', id], queryFn: () => client.request({ id }) }),
  /** What is known beside a request; it changes when any request does. */
  context: (id: string) => queryOptions({ queryKey: ['requests', 'context', id], queryFn: () => client.requestContext({ id }) }),
  resources: queryOptions({ queryKey: ['resources'], queryFn: () => client.resources() }),
  grants: queryOptions({ queryKey: ['grants', 'live'], queryFn: () => client.grants({ live: true }) }),
  sessions: queryOptions({ queryKey: ['sessions', 'live'], queryFn: () => client.sessions({ live: true }) }),
  notifications: queryOptions({ queryKey: ['notifications'], queryFn: () => client.notifications() }),
  push: queryOptions({ queryKey: ['push'], queryFn: () => client.push() }),
  passkeys: (user: string) => queryOptions({ queryKey: ['passkeys', user], queryFn: () => client.passkeys({ user }) }),
  logins: queryOptions({ queryKey: ['logins'], queryFn: () => client.logins() }),
  tokens: queryOptions({ queryKey: ['tokens'], queryFn: () => client.tokens() }),
}

import { queryOptions } from '@tanstack/react-query'
import { client } from './client.ts'

/** Other people, for admins and auditors. All of it is under `people`, which `live.ts` has read again when somebody's rights or passkeys change. */
export const peopleQueries = {
  everybody: queryOptions({ queryKey: ['people', 'everybody'], queryFn: () => client.people() }),
  /** Passkeys that another admin is asked about. */
  waiting: queryOptions({ queryKey: ['people', 'waiting'], queryFn: () => client.passkeys({ waits: true }) }),
  invitations: queryOptions({ queryKey: ['people', 'invitations'], queryFn: () => client.invites() }),
  passkeys: (user: string) => queryOptions({ queryKey: ['people', 'passkeys', user], queryFn: () => client.passkeys({ user }) }),
  logins: (user: string) => queryOptions({ queryKey: ['people', 'logins', user], queryFn: () => client.logins({ user }) }),
  tokens: (user: string) => queryOptions({ queryKey: ['people', 'tokens', user], queryFn: () => client.tokens({ user }) }),
}

import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { client } from './client.ts'

export type LedgerFilter = Partial<Record<'type' | 'person' | 'resource' | 'request' | 'session' | 'from' | 'until', string>>

/** What the ledger says. It grows with everything that is done, so it is asked again by the clock while somebody looks at its state. */
export const ledgerQueries = {
  state: queryOptions({ queryKey: ['ledger', 'state'], queryFn: () => client.ledgerState(), refetchInterval: 10_000 }),
  search: (filter: LedgerFilter) =>
    infiniteQueryOptions({
      queryKey: ['ledger', 'search', filter],
      queryFn: ({ pageParam }) => client.ledgerSearch({ ...filter, ...(pageParam === null ? {} : { before: pageParam }) }),
      initialPageParam: null as number | null,
      getNextPageParam: ({ next }) => next,
      staleTime: 0,
    }),
  entry: (index: string) => queryOptions({ queryKey: ['ledger', 'entry', index], queryFn: () => client.ledgerEntry({ index }), staleTime: 10_000 }),
}

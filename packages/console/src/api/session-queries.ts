import { placeOf, type Session } from '@countersign/contract/schemas/session'
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { client } from './client.ts'

const PAGE = 50

type RecordingsFilter = Partial<Record<'text' | 'object' | 'principal' | 'resource' | 'from' | 'until', string>>

/** Under `sessions`, so that `live.ts` has them read again when one begins or ends; a recording never changes. */
export const sessionQueries = {
  one: (id: string) => queryOptions({ queryKey: ['sessions', 'one', id], queryFn: () => client.session({ id }) }),
  past: (user?: string) =>
    infiniteQueryOptions({
      queryKey: ['sessions', 'past', user ?? 'everybody'],
      queryFn: ({ pageParam }) =>
        client.sessions({ limit: PAGE, ...(user === undefined ? {} : { user }), ...(pageParam === null ? {} : { before: pageParam }) }),
      initialPageParam: null as string | null,
      getNextPageParam: (page) => nextPlace(page),
    }),
  recordings: (filter: RecordingsFilter) =>
    infiniteQueryOptions({
      queryKey: ['recordings', filter],
      queryFn: ({ pageParam }) => client.recordings({ ...filter, limit: PAGE, ...(pageParam === null ? {} : { after: pageParam }) }),
      initialPageParam: null as string | null,
      getNextPageParam: ({ next }) => next,
    }),
}

function nextPlace(page: readonly Session[]): string | null {
  const last = page[PAGE - 1]
  return last ? placeOf(last) : null
}

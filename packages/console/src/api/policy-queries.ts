import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { client } from './client.ts'

export const policyQueries = {
  texts: queryOptions({ queryKey: ['policy', 'texts'], queryFn: () => client.policy(), refetchInterval: 10_000 }),
  access: ({ user, resource }: { readonly user?: string | undefined; readonly resource?: string | undefined }) =>
    infiniteQueryOptions({
      queryKey: ['policy', 'access', user ?? '', resource ?? ''],
      queryFn: ({ pageParam }) =>
        client.policyAccess({ start: pageParam, ...(user === undefined ? {} : { user }), ...(resource === undefined ? {} : { resource }) }),
      initialPageParam: 0,
      getNextPageParam: ({ next }) => next,
    }),
}

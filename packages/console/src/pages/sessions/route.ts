import { ActivityLogIcon } from '@radix-ui/react-icons'
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { signedInRoute } from '../../shell/signed-in-route.ts'

export const FILTERS = ['user', 'principal', 'resource', 'text', 'object', 'from', 'until'] as const

/** Without `show`: those that are live. The rest says which of the past ones, and which recordings. */
export type SessionsSearch = { readonly show?: 'past' | 'recordings' | undefined } & { readonly [K in (typeof FILTERS)[number]]?: string }

export const sessionsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/sessions',
  staticData: { menu: { label: 'Sessions', icon: ActivityLogIcon } },
  validateSearch: (search): SessionsSearch => ({
    ...(search['show'] === 'past' || search['show'] === 'recordings' ? { show: search['show'] } : {}),
    ...Object.fromEntries(FILTERS.flatMap((name) => (typeof search[name] === 'string' && search[name] !== '' ? [[name, search[name]]] : []))),
  }),
  component: lazyRouteComponent(() => import('./sessions-page.tsx'), 'SessionsPage'),
})

import { ReaderIcon } from '@radix-ui/react-icons'
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { signedInRoute } from '../../shell/signed-in-route.ts'

const FILTERS = ['user', 'resource', 'action'] as const

/** Without `show`: the texts. `policy` is one of them, which is marked. The rest says whose rights, and what is to be explained. */
export type PoliciesSearch = { readonly show?: 'access' | 'explain' | undefined; readonly policy?: string } & {
  readonly [K in (typeof FILTERS)[number]]?: string
}

export const policiesRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/policies',
  staticData: { menu: { label: 'Policies', icon: ReaderIcon } },
  validateSearch: (search): PoliciesSearch => ({
    ...(search['show'] === 'access' || search['show'] === 'explain' ? { show: search['show'] } : {}),
    ...(typeof search['policy'] === 'string' ? { policy: search['policy'] } : {}),
    ...Object.fromEntries(FILTERS.flatMap((name) => (typeof search[name] === 'string' && search[name] !== '' ? [[name, search[name]]] : []))),
  }),
  component: lazyRouteComponent(() => import('./policies-page.tsx'), 'PoliciesPage'),
})

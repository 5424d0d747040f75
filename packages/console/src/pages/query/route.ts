import { CodeIcon } from '@radix-ui/react-icons'
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { signedInRoute } from '../../shell/signed-in-route.ts'

export const queryRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/query',
  staticData: { menu: { label: 'Query', icon: CodeIcon } },
  validateSearch: (search): { readonly resource?: string } => (typeof search['resource'] === 'string' ? { resource: search['resource'] } : {}),
  component: lazyRouteComponent(() => import('./query-page.tsx'), 'QueryPage'),
})

import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { signedInRoute } from '../../shell/signed-in-route.ts'

/** Where `countersign login` sends people; `code` is what it shows. */
export const deviceRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/device',
  validateSearch: (search): { readonly code?: string } => (typeof search['code'] === 'string' ? { code: search['code'] } : {}),
  component: lazyRouteComponent(() => import('./device-page.tsx'), 'DevicePage'),
})

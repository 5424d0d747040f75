import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { signedInRoute } from '../../shell/signed-in-route.ts'

/** The link that a requester is given: `/r/7kq2` is request req-7kq2. */
export const requestRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/r/$id',
  component: lazyRouteComponent(() => import('./request-page.tsx'), 'RequestPage'),
})

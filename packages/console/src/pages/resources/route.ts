import { CubeIcon } from '@radix-ui/react-icons'
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { signedInRoute } from '../../shell/signed-in-route.ts'

export const resourcesRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/resources',
  staticData: { menu: { label: 'Resources', icon: CubeIcon } },
  component: lazyRouteComponent(() => import('./resources-page.tsx'), 'ResourcesPage'),
})

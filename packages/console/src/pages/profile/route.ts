import { PersonIcon } from '@radix-ui/react-icons'
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { signedInRoute } from '../../shell/signed-in-route.ts'

export const profileRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/profile',
  staticData: { menu: { label: 'Profile', icon: PersonIcon } },
  component: lazyRouteComponent(() => import('./profile-page.tsx'), 'ProfilePage'),
})

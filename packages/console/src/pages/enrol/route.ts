import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { rootRoute } from '../../shell/root.ts'

/** Where an invitation leads: `/enrol#SECRET`. What stands behind the # is sent to no server by the browser. */
export const enrolRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/enrol',
  component: lazyRouteComponent(() => import('./enrol-page.tsx'), 'EnrolPage'),
})

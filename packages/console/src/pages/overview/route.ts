import { DashboardIcon } from '@radix-ui/react-icons'
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { signedInRoute } from '../../shell/signed-in-route.ts'
import { DAYS } from './days.ts'

/** Without `days`: 30. */
export const overviewRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/overview',
  staticData: { menu: { label: 'Overview', icon: DashboardIcon, shownTo: ({ admin, auditor }) => admin || auditor } },
  validateSearch: (search): { readonly days?: number | undefined } => (DAYS.some((each) => each === search['days']) ? { days: Number(search['days']) } : {}),
  component: lazyRouteComponent(() => import('./overview-page.tsx'), 'OverviewPage'),
})

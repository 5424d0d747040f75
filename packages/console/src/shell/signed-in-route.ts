import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { queryClient } from '../api/query-client.ts'
import { queries } from '../api/queries.ts'
import { rootRoute } from './root.ts'

/** Everything that needs a login: the pages under it are shown inside the shell, none of which is fetched for somebody who is shown the way in. */
export const signedInRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'signed-in',
  beforeLoad: async ({ location }) => {
    // A gateway that does not answer is told of where the page would be.
    const me = await queryClient.ensureQueryData(queries.whoami).catch(() => undefined)
    if (me === null) throw redirect({ to: '/sign-in', search: { to: location.href }, replace: true })
  },
  component: lazyRouteComponent(() => import('./signed-in.tsx'), 'SignedIn'),
})

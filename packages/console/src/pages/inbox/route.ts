import { EnvelopeClosedIcon } from '@radix-ui/react-icons'
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { signedInRoute } from '../../shell/signed-in-route.ts'

/** `at`: the request that is shown beside the list. */
export const inboxRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/',
  staticData: { menu: { label: 'Inbox', icon: EnvelopeClosedIcon } },
  validateSearch: (search): { readonly at?: string } => (typeof search['at'] === 'string' ? { at: search['at'] } : {}),
  component: lazyRouteComponent(() => import('./inbox-page.tsx'), 'InboxPage'),
})

import { EnvelopeClosedIcon } from '@radix-ui/react-icons'
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { signedInRoute } from '../../shell/signed-in-route.ts'

export const inboxRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/',
  staticData: { menu: { label: 'Inbox', icon: EnvelopeClosedIcon } },
  component: lazyRouteComponent(() => import('./inbox-page.tsx'), 'InboxPage'),
})

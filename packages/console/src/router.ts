import { createRouter } from '@tanstack/react-router'
import { deviceRoute } from './pages/device/route.ts'
import { enrolRoute } from './pages/enrol/route.ts'
import { inboxRoute } from './pages/inbox/route.ts'
import { entryRoute, ledgerRoute } from './pages/ledger/route.ts'
import { overviewRoute } from './pages/overview/route.ts'
import { peopleRoute, personRoute } from './pages/people/route.ts'
import { policiesRoute } from './pages/policies/route.ts'
import { profileRoute } from './pages/profile/route.ts'
import { queryRoute } from './pages/query/route.ts'
import { requestRoute } from './pages/request/route.ts'
import { requestsRoute } from './pages/requests/route.ts'
import { resourcesRoute } from './pages/resources/route.ts'
import { sessionRoute, terminalRoute } from './pages/session/route.ts'
import { sessionsRoute } from './pages/sessions/route.ts'
import { signInRoute } from './pages/sign-in/route.ts'
import { rootRoute } from './shell/root.ts'
import { signedInRoute } from './shell/signed-in-route.ts'

/**
 * Every page of the console. A page is a folder under pages/ with a `route.ts`, which says its address and its place in the menu and loads the rest when it
 * is needed; here it gets one line. The menu is made from this list, in this order.
 */
const pages = signedInRoute.addChildren([
  inboxRoute,
  requestRoute,
  requestsRoute,
  resourcesRoute,
  queryRoute,
  sessionsRoute,
  sessionRoute,
  terminalRoute,
  ledgerRoute,
  entryRoute,
  policiesRoute,
  overviewRoute,
  peopleRoute,
  personRoute,
  profileRoute,
  deviceRoute,
])

export const router = createRouter({ routeTree: rootRoute.addChildren([pages, signInRoute, enrolRoute]), defaultPreload: 'intent', scrollRestoration: true })

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { signedInRoute } from '../../shell/signed-in-route.ts'

export const sessionRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/sessions/$id',
  component: lazyRouteComponent(() => import('./session-page.tsx'), 'SessionPage'),
})

/** The same session, replayed in a terminal. */
export const terminalRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/sessions/$id/terminal',
  component: lazyRouteComponent(() => import('./session-page.tsx'), 'TerminalPage'),
})

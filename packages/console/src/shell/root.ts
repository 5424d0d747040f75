import type { Whoami } from '@countersign/contract/schemas/principal'
import { isTerminalPage } from '@countersign/contract/terminal-page'
import { createRootRoute, redirect } from '@tanstack/react-router'
import type { ComponentType } from 'react'
import { Broken, NotFound } from './elsewhere.tsx'

/** What a route says of itself beside its address. */
declare module '@tanstack/react-router' {
  interface StaticDataRouteOption {
    /** Its place in the menu; without it the page is reached from others. */
    readonly menu?: {
      readonly label: string
      readonly icon: ComponentType
      /** Who sees it there; everybody, where nothing is said. */
      readonly shownTo?: (me: Whoami) => boolean
    }
  }
}

/** What this document was fetched as: the gateway lets the terminal's run more than the others (packages/gateway/src/api/headers.ts). */
const isTerminal = isTerminalPage(window.location.pathname)

export const rootRoute = createRootRoute({
  // So neither is turned into the other: the way between them is a document of its own.
  beforeLoad: ({ location: { pathname, href }, preload }) => {
    if (!preload && isTerminalPage(pathname) !== isTerminal) throw redirect({ href, reloadDocument: true })
  },
  notFoundComponent: NotFound,
  errorComponent: Broken,
})

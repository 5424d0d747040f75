import type { Whoami } from '@countersign/contract/schemas/principal'
import { createRootRoute } from '@tanstack/react-router'
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

export const rootRoute = createRootRoute({ notFoundComponent: NotFound, errorComponent: Broken })

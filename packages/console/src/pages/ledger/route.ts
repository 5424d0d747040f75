import { LayersIcon } from '@radix-ui/react-icons'
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { LedgerFilter } from '../../api/ledger-queries.ts'
import { signedInRoute } from '../../shell/signed-in-route.ts'

const FILTERS = ['type', 'person', 'resource', 'request', 'session', 'from', 'until'] as const

export const ledgerRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/ledger',
  staticData: { menu: { label: 'Ledger', icon: LayersIcon, shownTo: ({ admin, auditor }) => admin || auditor } },
  validateSearch: (search): LedgerFilter =>
    Object.fromEntries(FILTERS.flatMap((name) => (typeof search[name] === 'string' && search[name] !== '' ? [[name, search[name]]] : []))),
  component: lazyRouteComponent(() => import('./ledger-page.tsx'), 'LedgerPage'),
})

export const entryRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/ledger/$index',
  component: lazyRouteComponent(() => import('./entry-page.tsx'), 'EntryPage'),
})

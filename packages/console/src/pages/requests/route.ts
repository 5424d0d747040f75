import { RequestStatus } from '@countersign/contract/schemas/request'
import { ListBulletIcon } from '@radix-ui/react-icons'
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { signedInRoute } from '../../shell/signed-in-route.ts'

/** `status`: only those; `of`: only the reader's own. */
export interface RequestsSearch {
  readonly status?: RequestStatus
  readonly of?: 'me'
}

export const requestsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/requests',
  staticData: { menu: { label: 'Requests', icon: ListBulletIcon } },
  validateSearch: (search): RequestsSearch => {
    const status = RequestStatus.safeParse(search['status'])
    return { ...(status.success ? { status: status.data } : {}), ...(search['of'] === 'me' ? { of: 'me' } : {}) }
  },
  component: lazyRouteComponent(() => import('./requests-page.tsx'), 'RequestsPage'),
})

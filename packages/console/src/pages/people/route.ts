import { IdCardIcon } from '@radix-ui/react-icons'
import { createRoute, lazyRouteComponent, notFound } from '@tanstack/react-router'
import type { Whoami } from '@countersign/contract/schemas/principal'
import { queryClient } from '../../api/query-client.ts'
import { queries } from '../../api/queries.ts'
import { signedInRoute } from '../../shell/signed-in-route.ts'
import { ONLY, type Only } from './only.ts'

/** Without `show`: everybody whom `text`, `group` and `only` leave. `user` is who is to be invited. */
export interface PeopleSearch {
  readonly show?: 'invitations' | undefined
  readonly text?: string
  readonly group?: string
  readonly only?: Only | undefined
  readonly user?: string
}

const seesPeople = ({ admin, auditor }: Whoami): boolean => admin || auditor

/** For anybody else there is no such page. Where the gateway did not say who asks, its refusals will be shown. */
function assertSeesPeople(): void {
  const me = queryClient.getQueryData(queries.whoami.queryKey)
  if (me && !seesPeople(me)) throw notFound()
}

export const peopleRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/people',
  staticData: { menu: { label: 'People', icon: IdCardIcon, shownTo: seesPeople } },
  validateSearch: (search): PeopleSearch => ({
    ...(search['show'] === 'invitations' ? { show: search['show'] } : {}),
    ...Object.fromEntries(['text', 'group', 'user'].flatMap((name) => (typeof search[name] === 'string' && search[name] !== '' ? [[name, search[name]]] : []))),
    ...(ONLY.some((each) => each === search['only']) ? { only: search['only'] as Only } : {}),
  }),
  beforeLoad: assertSeesPeople,
  component: lazyRouteComponent(() => import('./people-page.tsx'), 'PeoplePage'),
})

export const personRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/people/$name',
  beforeLoad: assertSeesPeople,
  component: lazyRouteComponent(() => import('../person/person-page.tsx'), 'PersonPage'),
})

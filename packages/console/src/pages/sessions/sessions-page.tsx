import { getRouteApi } from '@tanstack/react-router'
import { PageHeader } from '../../parts/page-header.tsx'
import { View, Views } from '../../parts/views.tsx'
import { Live } from './live.tsx'
import { Past } from './past.tsx'
import { Recordings } from './recordings.tsx'

const route = getRouteApi('/signed-in/sessions')

const VIEWS = [
  { show: undefined, label: 'Live' },
  { show: 'past', label: 'Past' },
  { show: 'recordings', label: 'Recordings' },
] as const

/** Connections through the gateway: those that are there, those that were, and what was recorded of them. */
export function SessionsPage() {
  const { show } = route.useSearch()
  return (
    <>
      <PageHeader title="Sessions" />
      <Views label="Which sessions">
        {VIEWS.map((view) => (
          <View key={view.label} to="/sessions" search={{ show: view.show }} shown={view.show === show}>
            {view.label}
          </View>
        ))}
      </Views>
      {show === undefined && <Live />}
      {show === 'past' && <Past />}
      {show === 'recordings' && <Recordings />}
    </>
  )
}

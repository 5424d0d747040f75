import { getRouteApi } from '@tanstack/react-router'
import { PageHeader } from '../../parts/page-header.tsx'
import { View, Views } from '../../parts/views.tsx'
import { Access } from './access.tsx'
import { Explain } from './explain.tsx'
import { Texts } from './texts.tsx'

const route = getRouteApi('/signed-in/policies')

const VIEWS = [
  { show: undefined, label: 'Texts' },
  { show: 'access', label: 'Who may do what' },
  { show: 'explain', label: 'Explain a decision' },
] as const

/** The rules: as they are written, what they come to, and why one decision is as it is. They are changed where they are kept, not here. */
export function PoliciesPage() {
  const { show } = route.useSearch()
  return (
    <>
      <PageHeader title="Policies" />
      <Views label="What of the policies">
        {VIEWS.map((view) => (
          <View key={view.label} to="/policies" search={{ show: view.show }} shown={view.show === show}>
            {view.label}
          </View>
        ))}
      </Views>
      {show === undefined && <Texts />}
      {show === 'access' && <Access />}
      {show === 'explain' && <Explain />}
    </>
  )
}

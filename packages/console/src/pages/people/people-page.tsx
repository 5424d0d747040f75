import { getRouteApi } from '@tanstack/react-router'
import { PageHeader } from '../../parts/page-header.tsx'
import { View, Views } from '../../parts/views.tsx'
import { Everybody } from './everybody.tsx'
import { Invitations } from './invitations.tsx'
import { WaitingPasskeys } from './waiting-passkeys.tsx'

const route = getRouteApi('/signed-in/people')

/** Who there is and who is invited; admins change it, and auditors see it. */
export function PeoplePage() {
  const { show } = route.useSearch()
  return (
    <>
      <PageHeader title="People" />
      <Views label="Which people">
        <View to="/people" search={{ show: undefined }} shown={show === undefined}>
          Everybody
        </View>
        <View to="/people" search={{ show: 'invitations' }} shown={show === 'invitations'}>
          Invitations
        </View>
      </Views>
      <WaitingPasskeys />
      {show === undefined ? <Everybody /> : <Invitations />}
    </>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { queries } from '../api/queries.ts'
import { Failed, Loading } from '../parts/states.tsx'
import { MeContext } from './me.ts'
import { Shell } from './shell.tsx'

/** Shows the pages to somebody who is signed in, and the way in to everybody else; afterwards he is where he wanted to be. */
export function SignedIn() {
  const me = useQuery(queries.whoami)
  const router = useRouter()
  const nobody = me.data === null
  useEffect(() => {
    if (nobody) void router.navigate({ to: '/sign-in', search: { to: router.state.location.href }, replace: true })
  }, [nobody, router])

  if (me.data) {
    return (
      <MeContext value={me.data}>
        <Shell />
      </MeContext>
    )
  }
  return me.isError ? <Failed error={me.error} onRetry={() => void me.refetch()} /> : <Loading what="Countersign" />
}

import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { client } from '../../api/client.ts'
import { Entrance } from '../../parts/entrance.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { NewPasskey } from './new-passkey.tsx'

/** Somebody who was invited makes the passkey that he signs in with. */
export function EnrolPage() {
  const [secret] = useState(() => window.location.hash.slice(1))
  // Whoever has the secret enrols for somebody: it is not left in the address, nor in the history.
  useEffect(() => window.history.replaceState(window.history.state, '', '/enrol'), [])
  return (
    <Entrance title="Make your passkey">
      {secret === '' ? (
        <Empty title="This is no invitation">
          <p>Open the whole link that you were given. It is good once.</p>
        </Empty>
      ) : (
        <Invited secret={secret} />
      )}
    </Entrance>
  )
}

function Invited({ secret }: { readonly secret: string }) {
  const enrolling = useQuery({ queryKey: ['enrol'], queryFn: () => client.enrolOptions({ secret }), staleTime: Infinity, gcTime: 0 })
  return (
    <Answer query={enrolling} what="Invitation">
      {({ user }) => <NewPasskey secret={secret} user={user} />}
    </Answer>
  )
}

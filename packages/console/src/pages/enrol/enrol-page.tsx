import { Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { client } from '../../api/client.ts'
import { PageHeader } from '../../parts/page-header.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Brand } from '../../shell/brand.tsx'
import classes from '../sign-in/sign-in-page.module.css'
import { NewPasskey } from './new-passkey.tsx'

/** Somebody who was invited makes the passkey that he signs in with. */
export function EnrolPage() {
  const [secret] = useState(() => window.location.hash.slice(1))
  // Whoever has the secret enrols for somebody: it is not left in the address, nor in the history.
  useEffect(() => window.history.replaceState(window.history.state, '', '/enrol'), [])
  return (
    <main className={classes.page}>
      <Stack className={classes.card}>
        <Brand />
        <PageHeader title="Make your passkey" />
        {secret === '' ? (
          <Empty title="This is no invitation">
            <p>Open the whole link that you were given. It is good once.</p>
          </Empty>
        ) : (
          <Invited secret={secret} />
        )}
      </Stack>
    </main>
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

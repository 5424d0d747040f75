import { Button, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { client } from '../../api/client.ts'
import { hasPasskeys, registration } from '../../api/passkeys.ts'
import { Empty, Failed } from '../../parts/states.tsx'

/** A challenge is good for minutes, so it is asked for when the button is pressed. */
export function NewPasskey({ secret, user }: { readonly secret: string; readonly user: string }) {
  const navigate = useNavigate()
  const cache = useQueryClient()
  const [name, setName] = useState('')
  const enrolling = useMutation({
    mutationFn: async () => {
      const { options } = await client.enrolOptions({ secret })
      return client.enrol({ secret, name: name.trim() || 'passkey', credential: await registration(options) })
    },
    onSuccess: async ({ signedIn }) => {
      if (!signedIn) return
      await cache.invalidateQueries()
      await navigate({ to: '/' })
    },
  })
  if (enrolling.data && !enrolling.data.signedIn) {
    return (
      <Empty title="Your passkey waits for another admin">
        <p>It signs you in once somebody else has agreed to it.</p>
      </Empty>
    )
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        enrolling.mutate()
      }}
    >
      <p>
        For <strong>{user}</strong>. It takes the place of a password: it stays on this device, or with whoever keeps your passkeys.
      </p>
      <TextInput my="md" label="What you call it" placeholder="laptop" maxLength={100} value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <Button type="submit" fullWidth loading={enrolling.isPending} disabled={!hasPasskeys()}>
        Make the passkey
      </Button>
      {!hasPasskeys() && <p>This browser knows no passkeys, or is too old.</p>}
      {enrolling.isError && <Failed error={enrolling.error} />}
    </form>
  )
}

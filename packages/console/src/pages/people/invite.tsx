import { Button, Checkbox, NativeSelect, TextInput } from '@mantine/core'
import type { CreatedInvite } from '@countersign/contract/schemas/passkey'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { client } from '../../api/client.ts'
import { withProof } from '../../api/passkeys.ts'
import { Dim } from '../../parts/dim.tsx'
import { Section } from '../../parts/section.tsx'
import { ShownOnce } from '../../parts/shown-once.tsx'
import { Failed } from '../../parts/states.tsx'
import { Left } from '../../parts/times.tsx'
import classes from './people.module.css'

const route = getRouteApi('/signed-in/people')

const LIVES = [
  { value: '1h', label: '1 hour' },
  { value: '24h', label: '24 hours' },
  { value: '7d', label: '7 days' },
]

/** Makes a link that enrols a passkey, once. It is kept nowhere: what was answered is forgotten when somebody leaves this page. */
export function Invite() {
  const { user: wanted = '' } = route.useSearch()
  const cache = useQueryClient()
  const [user, setUser] = useState(wanted)
  const [groups, setGroups] = useState('')
  const [admin, setAdmin] = useState(false)
  const [life, setLife] = useState('24h')
  const inviting = useMutation({
    mutationFn: () => {
      const into = groups.split(',').flatMap((group) => group.trim() || [])
      return withProof(() => client.invite({ user: user.trim(), for: life, ...(into.length > 0 ? { groups: into } : {}), ...(admin ? { admin } : {}) }))
    },
    onSettled: () => cache.invalidateQueries({ queryKey: ['people'] }),
    gcTime: 0,
  })
  if (inviting.data)
    return (
      <Invited
        invite={inviting.data}
        onDone={() => {
          setUser('')
          setGroups('')
          setAdmin(false)
          inviting.reset()
        }}
      />
    )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    inviting.mutate()
  }
  return (
    <Section title="Invite somebody" roomy>
      <Dim>
        You get a link, with which whoever opens it first makes the passkey of this person. Groups and admin are for somebody whom nobody knows yet; who is
        known is what he is there.
      </Dim>
      <form className={classes.fields} onSubmit={submit} aria-label="Invite somebody">
        <TextInput label="Name" placeholder="bob@example.com" required maxLength={253} value={user} onChange={(event) => setUser(event.currentTarget.value)} />
        <TextInput label="Groups" placeholder="dba, oncall" value={groups} onChange={(event) => setGroups(event.currentTarget.value)} />
        <NativeSelect label="The link is good for" data={LIVES} value={life} onChange={(event) => setLife(event.currentTarget.value)} />
        <Checkbox label="As an admin" checked={admin} onChange={(event) => setAdmin(event.currentTarget.checked)} className={classes.check} />
        <Button type="submit" loading={inviting.isPending}>
          Make the link
        </Button>
      </form>
      {inviting.isError && <Failed error={inviting.error} />}
    </Section>
  )
}

function Invited({ invite: { user, link, expiresAt }, onDone }: { readonly invite: CreatedInvite; readonly onDone: () => void }) {
  return (
    <ShownOnce label="link" secret={link} onDone={onDone}>
      This is the link for <strong>{user}</strong>. It is shown this once, and is good once (<Left until={expiresAt} />
      ). Send it on a way that you trust, and to nobody else: whoever opens it first speaks as {user} from then on.
    </ShownOnce>
  )
}

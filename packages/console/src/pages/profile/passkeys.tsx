import { Button, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { Passkey } from '@countersign/contract/schemas/passkey'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../../api/client.ts'
import { hasPasskeys, registration, withProof } from '../../api/passkeys.ts'
import { queries } from '../../api/queries.ts'
import { Dim } from '../../parts/dim.tsx'
import { passkeyState } from '../../parts/passkey-state.ts'
import { Rows } from '../../parts/rows.tsx'
import { Section } from '../../parts/section.tsx'
import { Answer, Empty, Failed } from '../../parts/states.tsx'
import { Ago } from '../../parts/times.tsx'
import { useMe } from '../../shell/me.ts'
import classes from './profile.module.css'

/** What the reader signs in with and signs approvals with. */
export function Passkeys() {
  const me = useMe()
  const passkeys = useQuery(queries.passkeys(me.user))
  const [adding, add] = useDisclosure(false)
  return (
    <Section
      title="Passkeys"
      aside={
        hasPasskeys() && (
          <Button size="xs" variant="default" onClick={add.open}>
            Make a passkey
          </Button>
        )
      }
      roomy
    >
      {adding && <NewPasskey onDone={add.close} />}
      <Answer query={passkeys} what="Passkeys">
        {(all) => {
          const shown = all.filter(({ status }) => status !== 'removed')
          if (shown.length === 0) return <Empty title="You have no passkey" />
          return (
            <Rows>
              {shown.map((passkey) => (
                <OnePasskey key={passkey.id} passkey={passkey} />
              ))}
            </Rows>
          )
        }}
      </Answer>
    </Section>
  )
}

function OnePasskey({ passkey }: { readonly passkey: Passkey }) {
  const { id, name, status, createdAt, lastUsedAt } = passkey
  const cache = useQueryClient()
  const removal = useMutation({
    mutationFn: () => withProof(() => client.removePasskey({ id })),
    onSettled: () => cache.invalidateQueries({ queryKey: ['passkeys'] }),
  })
  return (
    <li className={classes.row}>
      <span className={classes.what}>
        {name}
        <br />
        <Dim as="span">
          {passkeyState(passkey)}; made <Ago at={createdAt} />
          {lastUsedAt !== null && (
            <>
              , used <Ago at={lastUsedAt} />
            </>
          )}
        </Dim>
      </span>
      {status !== 'leaving' && (
        <Button size="xs" variant="default" loading={removal.isPending} onClick={() => removal.mutate()} aria-label={`Remove ${name}`}>
          Remove
        </Button>
      )}
      {removal.isError && <Failed error={removal.error} />}
    </li>
  )
}

function NewPasskey({ onDone }: { readonly onDone: () => void }) {
  const cache = useQueryClient()
  const [name, setName] = useState('')
  const making = useMutation({
    mutationFn: async () => {
      const { options } = await withProof(() => client.addPasskeyOptions())
      return client.addPasskey({ name: name.trim() || 'passkey', credential: await registration(options) })
    },
    onSuccess: onDone,
    onSettled: () => cache.invalidateQueries({ queryKey: ['passkeys'] }),
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        making.mutate()
      }}
    >
      <div className={classes.fields}>
        <TextInput label="What you call it" placeholder="phone" maxLength={100} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <Button type="submit" loading={making.isPending}>
          Make it
        </Button>
      </div>
      {making.isError && <Failed error={making.error} />}
    </form>
  )
}

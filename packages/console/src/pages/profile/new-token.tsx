import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../../api/client.ts'
import { queries } from '../../api/queries.ts'
import { ShownOnce } from '../../parts/shown-once.tsx'
import { Failed } from '../../parts/states.tsx'
import classes from './profile.module.css'

const LIVES = [
  { value: '8h', label: '8 hours' },
  { value: '7d', label: '7 days' },
  { value: '30d', label: '30 days' },
  { value: '90d', label: '90 days' },
]

/** Makes a token and shows its secret, which cannot be had again. */
export function NewToken({ onDone }: { readonly onDone: () => void }) {
  const cache = useQueryClient()
  const [name, setName] = useState('')
  const [agent, setAgent] = useState('')
  const [life, setLife] = useState('30d')
  const making = useMutation({
    mutationFn: () => client.createToken({ for: life, ...(name.trim() ? { name: name.trim() } : {}), ...(agent.trim() ? { agent: agent.trim() } : {}) }),
    onSuccess: () => cache.invalidateQueries({ queryKey: queries.tokens.queryKey }),
    gcTime: 0,
  })
  if (making.data) {
    return (
      <ShownOnce label="token" secret={making.data.token} onDone={onDone}>
        This is the token. It is shown this once: put it where your programs keep their secrets.
      </ShownOnce>
    )
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        making.mutate()
      }}
    >
      <div className={classes.fields}>
        <TextInput label="Name" placeholder="laptop" maxLength={100} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <TextInput
          label="For an agent of yours"
          placeholder="nobody but you"
          maxLength={63}
          value={agent}
          onChange={(event) => setAgent(event.currentTarget.value)}
        />
        <NativeSelect label="Good for" data={LIVES} value={life} onChange={(event) => setLife(event.currentTarget.value)} />
        <Button type="submit" loading={making.isPending}>
          Make it
        </Button>
      </div>
      {making.isError && <Failed error={making.error} />}
    </form>
  )
}

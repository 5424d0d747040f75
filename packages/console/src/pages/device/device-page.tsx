import { Button, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { client } from '../../api/client.ts'
import { PageHeader } from '../../parts/page-header.tsx'
import { Answer } from '../../parts/states.tsx'
import { DeviceAsked } from './device-asked.tsx'
import classes from './device.module.css'

const route = getRouteApi('/signed-in/device')

/** Somebody typed `countersign login`: this page shows who asks and from where, before anybody is signed in there. */
export function DevicePage() {
  const { code } = route.useSearch()
  return (
    <div className={classes.page}>
      <PageHeader title="Sign in a command line" />
      {code === undefined ? <CodeForm /> : <Asked code={code} key={code} />}
    </div>
  )
}

function CodeForm() {
  const navigate = route.useNavigate()
  const [code, setCode] = useState('')
  return (
    <form
      className={classes.page}
      onSubmit={(event) => {
        event.preventDefault()
        void navigate({ search: { code: code.trim() } })
      }}
    >
      <TextInput
        label="The code that it shows"
        placeholder="WDJB-MJHT"
        autoComplete="off"
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
      />
      <div>
        <Button type="submit" disabled={code.trim() === ''}>
          Go on
        </Button>
      </div>
    </form>
  )
}

function Asked({ code }: { readonly code: string }) {
  const ask = useQuery({ queryKey: ['device', code], queryFn: () => client.deviceAsk({ userCode: code }) })
  return (
    <Answer query={ask} what="Command line">
      {(found) => <DeviceAsked ask={found} />}
    </Answer>
  )
}

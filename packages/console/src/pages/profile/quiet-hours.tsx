import { Button, TextInput } from '@mantine/core'
import type { NotificationChoices } from '@countersign/contract/schemas/notification'
import { useState } from 'react'
import { Dim } from '../../parts/dim.tsx'
import classes from './profile.module.css'

type Quiet = NotificationChoices['quiet']

/** When nothing is sent; what is still so is told afterwards. */
export function QuietHours({ quiet, onChoose }: { readonly quiet: Quiet; readonly onChoose: (quiet: Quiet) => void }) {
  const [from, setFrom] = useState(quiet?.from ?? '22:00')
  const [until, setUntil] = useState(quiet?.until ?? '07:00')
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone
  return (
    <div className={classes.fields}>
      <TextInput type="time" label="Quiet from" value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
      <TextInput type="time" label="until" value={until} onChange={(event) => setUntil(event.currentTarget.value)} />
      <Button variant="default" onClick={() => onChoose({ from, until, timeZone })}>
        {quiet === null ? 'Be quiet then' : 'Change'}
      </Button>
      {quiet !== null && (
        <Button variant="subtle" color="gray" onClick={() => onChoose(null)}>
          Never be quiet
        </Button>
      )}
      <Dim as="span">{quiet === null ? `${timeZone} time` : `Quiet from ${quiet.from} until ${quiet.until}, ${quiet.timeZone} time`}</Dim>
    </div>
  )
}

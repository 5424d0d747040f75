import { NativeSelect, TextInput } from '@mantine/core'
import type { Resource } from '@countersign/contract/schemas/resource'
import { getRouteApi } from '@tanstack/react-router'
import classes from './query.module.css'

const route = getRouteApi('/signed-in/query')

export interface Said {
  readonly database: string
  readonly reason: string
  readonly ticket: string
  readonly maxRows: number
}

export const NOTHING_SAID: Said = { database: '', reason: '', ticket: '', maxRows: 1_000 }

interface WhereProps {
  readonly resources: readonly Resource[]
  /** What the address says, which may be none of them. */
  readonly resource: string | undefined
  readonly said: Said
  readonly onSay: (said: Said) => void
}

/** Where it runs, and what is said of it. The resource is in the address; a reason is in nobody's history. */
export function Where({ resources, resource, said, onSay }: WhereProps) {
  const navigate = route.useNavigate()
  const chosen = resources.find(({ name }) => name === resource)
  return (
    <div className={classes.fields}>
      <NativeSelect
        label="Resource"
        data={[...(chosen ? [] : [{ value: '', label: 'choose one' }]), ...resources.map(({ name }) => name)]}
        value={chosen?.name ?? ''}
        error={resource !== undefined && !chosen ? `You cannot connect to ${resource}.` : undefined}
        onChange={(event) => void navigate({ search: { resource: event.currentTarget.value }, replace: true })}
      />
      <TextInput
        label="Database"
        placeholder={chosen?.connect.database ?? ''}
        maxLength={63}
        spellCheck={false}
        value={said.database}
        onChange={(event) => onSay({ ...said, database: event.currentTarget.value })}
      />
      <TextInput
        label="Reason"
        placeholder="Whoever reviews it is shown this"
        maxLength={4_000}
        value={said.reason}
        onChange={(event) => onSay({ ...said, reason: event.currentTarget.value })}
      />
      <TextInput label="Ticket" maxLength={200} value={said.ticket} onChange={(event) => onSay({ ...said, ticket: event.currentTarget.value })} />
      <NativeSelect
        label="Most rows"
        data={['100', '1000', '10000']}
        value={String(said.maxRows)}
        onChange={(event) => onSay({ ...said, maxRows: Number(event.currentTarget.value) })}
      />
    </div>
  )
}

import { Button, Modal, NativeSelect, Stack, Textarea, TextInput } from '@mantine/core'
import type { Resource } from '@countersign/contract/schemas/resource'
import { Scope } from '@countersign/contract/schemas/common'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { client } from '../../api/client.ts'
import { Failed } from '../../parts/states.tsx'
import { shortId } from '../request/rules.ts'

const SCOPES = { connect: 'connect', read: 'sql:read', write: 'sql:write', ddl: 'sql:ddl' } as const
const TIMES = ['15m', '30m', '1h', '2h', '4h', '8h']

interface AskProps {
  readonly resource: Resource
  readonly opened: boolean
  readonly onClose: () => void
}

/** Asks ahead for a kind of action for a while. */
export function Ask({ resource, opened, onClose }: AskProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={`Ask for access to ${resource.name}`} closeButtonProps={{ 'aria-label': 'Close' }}>
      {opened && <Form resource={resource} />}
    </Modal>
  )
}

function Form({ resource: { name, summary } }: Pick<AskProps, 'resource'>) {
  const navigate = useNavigate()
  const [scope, setScope] = useState<string>(() => firstReviewed(summary))
  const [time, setTime] = useState('30m')
  const [reason, setReason] = useState('')
  const [ticket, setTicket] = useState('')
  const ask = useMutation({
    mutationFn: () =>
      client.ask({
        resource: name,
        scope: Scope.parse(scope),
        for: time,
        ...(reason.trim() ? { reason: reason.trim() } : {}),
        ...(ticket.trim() ? { ticket: ticket.trim() } : {}),
      }),
    onSuccess: ({ request }) => navigate({ to: '/r/$id', params: { id: shortId(request.id) } }),
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        ask.mutate()
      }}
    >
      <Stack>
        <NativeSelect label="For" data={[...Scope.options]} value={scope} onChange={(event) => setScope(event.currentTarget.value)} />
        <NativeSelect label="How long" data={TIMES} value={time} onChange={(event) => setTime(event.currentTarget.value)} />
        <Textarea
          label="Reason"
          description="Whoever reviews it is shown this."
          autosize
          minRows={2}
          maxLength={4_000}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <TextInput label="Ticket" maxLength={200} value={ticket} onChange={(event) => setTicket(event.currentTarget.value)} />
        {ask.isError && <Failed error={ask.error} />}
        <div>
          <Button type="submit" loading={ask.isPending}>
            Ask
          </Button>
        </div>
      </Stack>
    </form>
  )
}

/** What somebody wants who asks is what does not run by itself. */
function firstReviewed(summary: Resource['summary']): string {
  const found = (['connect', 'read', 'write', 'ddl'] as const).find((what) => summary[what].startsWith('needs'))
  return SCOPES[found ?? 'write']
}

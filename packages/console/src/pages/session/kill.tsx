import { Button, Modal, Textarea } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../../api/client.ts'
import { sessionQueries } from '../../api/session-queries.ts'
import { Failed } from '../../parts/states.tsx'

/** Cuts a session; its person is shown the reason. */
export function Kill({ id }: { readonly id: string }) {
  const [opened, { open, close }] = useDisclosure(false)
  const [reason, setReason] = useState('')
  const cache = useQueryClient()
  const killing = useMutation({
    mutationFn: () => client.kill({ id, ...(reason.trim() === '' ? {} : { reason: reason.trim() }) }),
    onSuccess: (killed) => {
      cache.setQueryData(sessionQueries.one(id).queryKey, (before) => before && { ...before, ...killed })
      close()
    },
  })
  return (
    <>
      <Button variant="default" size="xs" onClick={open}>
        End it
      </Button>
      <Modal opened={opened} onClose={close} title={`End ${id}`} closeButtonProps={{ 'aria-label': 'Close' }}>
        <form
          onSubmit={(event) => {
            event.preventDefault()
            killing.mutate()
          }}
        >
          <Textarea
            label="Reason"
            description="Its person is shown this, and it is in the ledger."
            data-autofocus
            autosize={false}
            rows={3}
            maxLength={4_000}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          {killing.isError && <Failed error={killing.error} />}
          <Button type="submit" color="red" mt="md" loading={killing.isPending}>
            End the session
          </Button>
        </form>
      </Modal>
    </>
  )
}

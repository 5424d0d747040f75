import { Button, Checkbox, Stack, Textarea } from '@mantine/core'
import type { Request } from '@countersign/contract/schemas/request'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Seen } from '../../parts/seen.tsx'
import { Failed } from '../../parts/states.tsx'
import { firstChoice } from '../request/given.ts'
import { sendApproval } from '../request/use-review.ts'
import classes from './batch.module.css'

/** Which of some alike requests are approved: all, but for those whose tick is taken away. */
export function Choosing({ requests, onDone }: { readonly requests: readonly Request[]; readonly onDone: () => void }) {
  const cache = useQueryClient()
  const [ticked, setTicked] = useState<readonly string[]>(requests.map(({ id }) => id))
  const [comment, setComment] = useState('')
  const approval = useMutation({
    mutationFn: async () => {
      for (const request of requests.filter(({ id }) => ticked.includes(id)))
        await sendApproval(request, { choice: firstChoice(request), comment: comment.trim() })
    },
    onSuccess: onDone,
    onSettled: () => cache.invalidateQueries({ queryKey: ['requests'] }),
  })
  return (
    <Stack>
      <Checkbox.Group value={[...ticked]} onChange={setTicked} label="Each of these runs once, exactly as it stands here">
        <ul className={classes.list}>
          {requests.map((request) => (
            <li key={request.id}>
              <Checkbox value={request.id} label={<Line request={request} />} />
            </li>
          ))}
        </ul>
      </Checkbox.Group>
      <Textarea label="Comment" maxLength={4_000} value={comment} onChange={(event) => setComment(event.currentTarget.value)} />
      {approval.isError && <Failed error={approval.error} />}
      <div>
        <Button disabled={ticked.length === 0} loading={approval.isPending} onClick={() => approval.mutate()}>
          Approve {ticked.length}
        </Button>
      </div>
    </Stack>
  )
}

const Line = ({ request: { id, ask, requester, reason } }: { readonly request: Request }) => (
  <span className={classes.line}>
    <code>{ask.kind === 'scope' ? ask.scope : <Seen text={ask.text} />}</code>
    {ask.kind === 'action' && ask.parameters.length > 0 && (
      <code>
        <Seen text={ask.parameters.map(({ display }, index) => `$${index + 1} = ${display ?? 'NULL'}`).join(', ')} />
      </code>
    )}
    <span className={classes.who}>
      {id}, {requester.id}
      {reason !== null && (
        <>
          : <Seen text={reason} />
        </>
      )}
    </span>
  </span>
)
